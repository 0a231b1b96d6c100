"""Two files with a sentence per line, line by line translations of each other (Moses)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from corpora.bitext.files import Bitext
from corpora.bitext.schema import BitextPair
from corpora.errors import UserError
from corpora.readers.streams import text_lines


def read_moses(bitext: Bitext, target_path: Path) -> Iterator[BitextPair]:
    """The lines of `bitext.path`, each with the same line of `target_path`.

    Raises `UserError` where one file has more lines than the other.
    """
    lines = zip_longest(text_lines(bitext.path), text_lines(target_path))
    for number, (source, target) in enumerate(lines, 1):
        if source is None or target is None:
            longer = number + sum(1 for _ in lines)
            counts = (number - 1, longer) if source is None else (longer, number - 1)
            raise UserError(
                f"{counts[0]} lines, but {target_path} has {counts[1]}: "
                "line-aligned files have the same number of lines",
                file=bitext.path,
            )
        yield BitextPair(source, target, bitext.name, number)
