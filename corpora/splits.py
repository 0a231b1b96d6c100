"""Names of splits, and of the files that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable

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


def file_names(splits: Iterable[str]) -> dict[str, str]:
    """The names of the files of each of `splits`: all different, the split's where possible."""
    names = {split: split for split in splits if split_name(split) == split}
    for split in sorted(set(splits) - set(names)):
        name = base = str(split_name(split))
        number = 1
        while name in names.values():
            number += 1
            name = f"{base}_{number}"
        names[split] = name
    return names
