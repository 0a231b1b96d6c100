"""Pharaoh format, the exchange format of word aligners: lines such as `0-0 1-2`, counted from 0."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from alignment.protocol import WordAlignment
from corpora.errors import UserError
from corpora.readers.pipes import regular_file
from corpora.readers.streams import text_lines
from corpora.storage import replacing_text

# No text has as many words as nine digits can count; more would overflow.
_LINK = re.compile(r"(\d{1,9})[-p](\d{1,9})(?::([0-9.eE+-]+))?")


def parse_links(
    line: str, file: str | Path | None = None, number: int | None = None
) -> WordAlignment:
    """The links of one `line`: `i-j`, `ipj` (possible) or `i-j:weight`.

    Raises `UserError`, naming `file` and line `number`, for anything else.
    """
    links, weights = [], []
    for item in line.split():
        match = _LINK.fullmatch(item)
        if match is None:
            raise UserError(f"not a Pharaoh link: '{item}'", file=file, line=number)
        weight = _weight(match[3], item, file, number)
        links.append((int(match[1]), int(match[2])))
        weights.append(weight)
    return WordAlignment(
        np.array(links, dtype=np.int32).reshape(-1, 2), np.array(weights, dtype=np.float32)
    )


def _weight(text: str | None, item: str, file: str | Path | None, number: int | None) -> float:
    if text is None:
        return 1.0
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0.0 < weight <= 1.0:
        raise UserError(f"the weight of '{item}' is not in (0, 1]", file=file, line=number)
    return weight


def check_links(
    alignment: WordAlignment,
    sources: int,
    targets: int,
    file: str | Path | None = None,
    number: int | None = None,
) -> WordAlignment:
    """`alignment`, if its links stay within the sentence pair's words.

    `sources` and `targets` are the numbers of words. Raises `UserError`, naming `file` and line
    `number`, otherwise.
    """
    for i, j in alignment.links.tolist():
        if i >= sources or j >= targets:
            problem = f"link {i}-{j} is beyond {sources} source and {targets} target words"
            raise UserError(problem, file=file, line=number)
    return alignment


def read_pharaoh(
    path: str | Path, lengths: Sequence[tuple[int, int]] | None = None
) -> Iterator[WordAlignment]:
    """The alignments in the Pharaoh file `path`, one per line; an empty line has no links.

    Gzip and zstd are unpacked. `lengths` are the (source, target) word counts of the pairs: given,
    every link and the number of lines are checked. Raises `UserError` with file and line.
    """
    path = regular_file(Path(path))
    number = 0
    for number, line in enumerate(text_lines(path), 1):
        alignment = parse_links(line, path, number)
        if lengths is not None:
            if number > len(lengths):
                raise UserError(f"more lines than the {len(lengths)} pairs", file=path)
            alignment = check_links(alignment, *lengths[number - 1], path, number)
        yield alignment
    if lengths is not None and number < len(lengths):
        raise UserError(f"{number} lines for {len(lengths)} pairs", file=path)


def format_links(alignment: WordAlignment, weights: bool = False) -> str:
    """`alignment` as a line of Pharaoh format, links in order; with `weights`, `i-j:0.9312`."""
    items = sorted(zip(alignment.links.tolist(), alignment.weights.tolist(), strict=True))
    if weights:
        return " ".join(f"{i}-{j}:{max(weight, 1e-4):.4f}" for (i, j), weight in items)
    return " ".join(f"{i}-{j}" for (i, j), _ in items)


def write_pharaoh(
    path: str | Path, alignments: Iterable[WordAlignment], weights: bool = False
) -> int:
    """Write `alignments` to `path`, one per line, and return the number of lines.

    With `weights`, links have theirs. A `path` in .gz or .zst is compressed. Raises `UserError`
    where it cannot be written.
    """
    count = 0
    with replacing_text(Path(path)) as file:
        for alignment in alignments:
            file.write(format_links(alignment, weights) + "\n")
            count += 1
    return count
