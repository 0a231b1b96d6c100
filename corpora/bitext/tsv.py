"""Tab-separated files with a sentence pair per line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from corpora.bitext.files import Bitext
from corpora.bitext.schema import BitextPair
from corpora.errors import UserError
from corpora.readers.streams import text_lines
from corpora.text.languages import closest_tag, same_language

DIRECTION_COLUMN = "direction"
"""An optional column, such as `en-de`: machine-translated, and from which side."""


@dataclass(frozen=True, slots=True)
class _Columns:
    source: int
    target: int
    direction: int | None
    header: bool


def _find_columns(bitext: Bitext, first: Sequence[str], source: str, target: str) -> _Columns:
    """Which fields of a TSV file to take, from its `first` line and the columns that were named."""

    def in_header(names: Sequence[str]) -> _Columns:
        direction = first.index(DIRECTION_COLUMN) if DIRECTION_COLUMN in first else None
        return _Columns(first.index(names[0]), first.index(names[1]), direction, True)

    if bitext.columns is not None:
        if len(set(bitext.columns)) == 1:
            problem = f"column {bitext.columns[0]} is named for both texts: name two columns"
            raise UserError(problem, file=bitext.path)
        if all(c.isdecimal() for c in bitext.columns):
            numbers = [int(c) for c in bitext.columns]
            for number in numbers:
                if not 1 <= number <= len(first):
                    raise UserError(
                        f"no column {number}: the line has {len(first)}", file=bitext.path, line=1
                    )
            return _Columns(numbers[0] - 1, numbers[1] - 1, None, False)
        for column in bitext.columns:
            if column not in first:
                raise UserError(f"no column {column!r}", file=bitext.path, line=1, choices=first)
        return in_header(bitext.columns)
    header = {name.strip().lower(): name for name in reversed(first)}
    languages = tuple(closest_tag(tag.lower(), header) for tag in (source, target))
    for names in (languages, ("source", "target"), ("src", "tgt")):
        columns = [header[name] for name in names if name in header]
        if len(set(columns)) == 2:
            return in_header(columns)
    if len(first) == 2:
        return _Columns(0, 1, None, False)
    raise UserError(
        f"{len(first)} columns and no header with {source!r} and {target!r}: "
        "say which with --columns",
        file=bitext.path,
        line=1,
    )


def read_tsv(bitext: Bitext, source: str, target: str) -> Iterator[BitextPair]:
    """The pairs of `bitext`, whose columns a header may name by the tags `source` and `target`.

    Without quoting: a tab always separates fields, a quote is a quote. Empty lines are
    skipped. Raises `UserError` for columns that are missing or cannot be detected.
    """
    lines = ((n, line.split("\t")) for n, line in enumerate(text_lines(bitext.path), 1) if line)
    first = next(lines, None)
    if first is None:
        return
    columns = _find_columns(bitext, first[1], source, target)
    needed = 1 + max(columns.source, columns.target, columns.direction or 0)
    for number, fields in lines if columns.header else chain([first], lines):
        if len(fields) < needed:
            raise UserError(
                f"{len(fields)} columns, at least {needed} are needed",
                file=bitext.path,
                line=number,
            )
        direction = "" if columns.direction is None else fields[columns.direction]
        yield BitextPair(
            fields[columns.source],
            fields[columns.target],
            bitext.name,
            number,
            _machine_side(direction, source, target),
        )


@lru_cache(maxsize=1024)
def _machine_side(direction: str, source: str, target: str) -> str:
    """The side that a machine wrote, by the column `direction`; "" for neither."""
    direction = direction.strip().replace("_", "-").lower()
    for side, start, end in (("target", source, target), ("source", target, source)):
        if direction == f"{start}-{end}".lower():
            return side
    subtags = direction.split("-")
    for cut in range(1, len(subtags)):
        tags = "-".join(subtags[:cut]), "-".join(subtags[cut:])
        for side, start, end in (("target", source, target), ("source", target, source)):
            if same_language(tags[0], start) and same_language(tags[1], end):
                return side
    return ""
