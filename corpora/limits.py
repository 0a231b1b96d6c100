"""How much of an input is in memory at a time, so that no file can fill it.

Files are read as streams: a compressed file may unpack to any size, and neither its size nor the
ratio of its compression says anything about the memory that it takes. What takes memory are single
lines, so their length has a limit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from corpora.errors import UserError

MAX_CHARS = 1_000_000
"""Characters that a text of a row may have, unless a setting says otherwise: a long novel."""
BATCH_CHARS = 20_000_000
"""Characters of the rows that are in memory together: rows of long texts make smaller batches."""
LINE_VARIABLE = "LABELFERRY_MAX_LINE"
"""The environment variable with the longest line that is read, in MiB."""
_MIB = 1 << 20
_LINE = 16
Item = TypeVar("Item")


def max_line() -> int:
    """Bytes that a line of a text file may have, by the environment or 16 MiB.

    Raises `UserError` where the environment has no number from 1 on.
    """
    text = os.environ.get(LINE_VARIABLE, "")
    if not text:
        return _LINE * _MIB
    if not text.isdecimal() or not 1 <= int(text[:10]) <= _MIB:
        raise UserError(f"{LINE_VARIABLE} must be a number of MiB from 1 on, not {text!r}")
    return int(text) * _MIB


def line_error(what: str, file: str | Path | None, line: int | None = None) -> UserError:
    """The error that `what` (such as "the line"), in `file` at `line`, is longer than a line may
    be."""
    return UserError(
        f"{what} has more than {max_line() // _MIB} MiB, the most that is read at once; if that is "
        f"meant to be so, set {LINE_VARIABLE} to more (in MiB)",
        file=file,
        line=line,
    )


def chunks(
    items: Iterator[Item], count: int, chars: int, chars_of: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """`items` in lists of at most `count`, and of about `chars` characters by `chars_of`."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        chunk.append(item)
        size += chars_of(item)
        if len(chunk) >= count or size >= chars:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
