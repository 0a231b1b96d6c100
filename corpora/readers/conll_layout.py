"""The columns of a CoNLL file, detected from its first sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpora.errors import UserError
from corpora.readers.options import Source
from corpora.tagging import Scheme, detect_scheme, is_tag

_INDEX = re.compile(r"\d+")
OTHER_INDEX = re.compile(r"\d+[-.]\d+")  # CoNLL-U's multiword tokens and empty nodes
_SPACES = re.compile("[ \t]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a line; columns count from 0."""

    tabs: bool
    indexed: bool
    width: int
    token: int
    tag: int | None


def split_line(line: str, tabs: bool) -> list[str]:
    """The cells of `line`, separated by tabs if `tabs`, else by any spaces."""
    if tabs:
        return line.split("\t")
    cells = line.strip(" \t").split(" ")
    return _SPACES.split(line.strip(" \t")) if "" in cells or "\t" in line else cells


def find_layout(source: Source, sentences: Sequence[Sequence[str]]) -> Layout:
    """The layout of `source`, from the lines of its first `sentences`; raises `UserError`."""
    # The majority of lines decides: one bad line must not change how the good ones are read.
    tabs = _has_tabs([line for lines in sentences for line in lines])
    tables = [[split_line(line, tabs) for line in lines] for lines in sentences]
    numbered = sum(map(_is_indexed, tables))
    indexed = 2 * numbered >= len(tables)
    width, _ = _usual_width(cells for table in tables for cells in table)
    token = _given_column(source, "tokens", width)
    tag = _given_column(source, "tags", width)
    if token is None:
        token = 1 if indexed and width > 1 else 0
    if tag is None:
        tag = _find_tag_column(source, tables, token, width)
    return Layout(tabs, indexed, width, token, tag)


def _has_tabs(lines: Sequence[str]) -> bool:
    """Whether more lines have the same number of columns when split at tabs than at any space."""
    tabbed = [split_line(line, True) for line in lines if "\t" in line]
    _, spaced = _usual_width(split_line(line, False) for line in lines)
    return bool(tabbed) and _usual_width(tabbed)[1] >= spaced


def _usual_width(table: Iterable[Sequence[str]]) -> tuple[int, int]:
    """The most frequent number of columns, and how many lines have it."""
    return Counter(map(len, table)).most_common(1)[0]


def _is_indexed(table: Sequence[Sequence[str]]) -> bool:
    numbers = [cells[0] for cells in table if not OTHER_INDEX.fullmatch(cells[0])]
    return len(table[0]) > 2 and numbers == [str(i) for i in range(1, len(numbers) + 1)]


def _given_column(source: Source, name: str, width: int) -> int | None:
    given: str | None = getattr(source.options.columns, name)
    if given is None:
        return None
    if not _INDEX.fullmatch(given) or not 1 <= int(given) <= width:
        raise UserError(
            f"no column {given!r} for {name}: a column is a number from 1 to {width} here",
            file=source.path,
        )
    return int(given) - 1


def _find_tag_column(
    source: Source, tables: Sequence[Sequence[Sequence[str]]], token: int, width: int
) -> int | None:
    last = width - 1
    if last > token and any(is_tag(cells[-1]) for table in tables for cells in table):
        return last
    if not source.options.labelled or source.options.task == "classification":
        return None
    example = " ".join(tables[0][0])
    raise UserError(
        f"the last of {width} columns has no tags (O, B-LABEL, I-LABEL) in {example!r}; "
        "name the columns of tokens and tags by their numbers (--columns tokens=1,tags=2)",
        file=source.path,
    )


def find_scheme(layout: Layout, sentences: Sequence[Sequence[str]]) -> Scheme:
    """The tagging scheme of a file with `layout`, from the lines of its first `sentences`."""
    if layout.tag is None:
        return "iob2"
    tables = ([split_line(line, layout.tabs) for line in lines] for lines in sentences)
    tags = ([cells[layout.tag] for cells in table if len(cells) > layout.tag] for table in tables)
    return detect_scheme([tag for tag in sentence if is_tag(tag)] for sentence in tags)


def first_unnumbered(table: Sequence[Sequence[str]]) -> int | None:
    """The index of the first line of `table` that does not start with a number; None if all do."""
    return next((i for i, cells in enumerate(table) if not _INDEX.fullmatch(cells[0])), None)
