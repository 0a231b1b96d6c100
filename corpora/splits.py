"""Names of splits, and of the files that hold them."""

from __future__ import annotations

import re

_SPLIT = re.compile(r"\w+(\.\w+)*")
_MAX_BYTES = 200  # of the 255 that a file's name may have


def split_name(split: str) -> str | None:
    """The name that a data set's files have for `split`; None where there can be none.

    It consists of letters, digits and `_`, and of dots between them; anything else becomes `_`,
    because `datasets` allows no other names.
    """
    name = re.sub(r"[^\w.]+", "_", split)
    fits = _SPLIT.fullmatch(name) is not None and len(name.encode("utf-8")) <= _MAX_BYTES
    return name if fits else None
