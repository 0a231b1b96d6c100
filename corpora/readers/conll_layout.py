"""The columns of a CoNLL file, detected from its first sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corpora.errors import UserError
from corpora.readers.options import Source
from corpora.tagging import Scheme, detect_scheme, is_tag, looks_tagged

_INDEX = re.compile(r"\d+")
OTHER_INDEX = re.compile(r"\d+[-.]\d+")  # CoNLL-U's multiword tokens and empty nodes
RANGE_INDEX = re.compile(r"(\d+)-(\d+)")
_NO_SPACE = "SpaceAfter=No"
_CHUNKS = frozenset((
    "NP", "VP", "PP", "ADJP", "ADVP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NC", "VC",
    "PC", "AC", "ADJC", "ADVC", "CC", "MC",
))  # fmt: skip
"""Labels of syntactic chunks, which CoNLL-2000 and CoNLL-2003 have before the names."""
_LOOKED_AT = 1_000
_MOST = 0.9  # of the cells of a column of tags are tags
_SPACES = re.compile("[ \t]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in a line; columns count from 0."""

    tabs: bool
    indexed: bool
    width: int
    token: int
    tag: int | None
    key: str | None = None
    """What is before the tags in their cells, as in `name=B-PER` of NorNE; None if nothing is."""
    spaced: bool = False
    """Whether the last column says which tokens have no space after them."""

    def tag_of(self, cells: Sequence[str]) -> str:
        """The tag in `cells`."""
        value = cells[self.tag or 0]
        if self.key is None:
            return value
        return dict(part.partition("=")[::2] for part in value.split("|")).get(self.key, "O")

    def has_space_after(self, cells: Sequence[str]) -> bool:
        """Whether there is a space after the token of `cells`."""
        return not self.spaced or _NO_SPACE not in cells[-1].split("|")

    def columns(self) -> dict[str, str]:
        """The columns of tokens and tags, by number, from 1."""
        columns = {"tokens": str(self.token + 1)}
        return columns if self.tag is None else columns | {"tags": str(self.tag + 1)}


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
    cells = [row for table in tables for row in table if len(row) == width]
    key = None if tag is None else _tag_key([row[tag] for row in cells])
    spaced = any(_NO_SPACE in row[-1].split("|") for row in cells)
    return Layout(tabs, indexed, width, token, tag, key, spaced)


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
    if len(table[0]) < 3 or not numbers or not _INDEX.fullmatch(numbers[0]):
        return False
    first = int(numbers[0])  # 0 or 1, or the one after the last of the sentence before
    return numbers == [str(i) for i in range(first, first + len(numbers))]


def _given_column(source: Source, name: str, width: int) -> int | None:
    given: str | None = getattr(source.options.columns, name)
    if given is None:
        return None
    if source.options.gold is not None and (not _INDEX.fullmatch(given) or int(given) > width):
        return None  # it is one of the gold's
    if not _INDEX.fullmatch(given) or not 1 <= int(given) <= width:
        raise UserError(
            f"no column {given!r} for {name}: a column is a number from 1 to {width} here",
            file=source.path,
        )
    return int(given) - 1


def _find_tag_column(
    source: Source, tables: Sequence[Sequence[Sequence[str]]], token: int, width: int
) -> int | None:
    lines = [cells for table in tables for cells in table if len(cells) == width]
    columns = {number: [cells[number] for cells in lines] for number in range(token + 1, width)}
    tagged = {number: cells for number, cells in columns.items() if _are_tags(cells)}
    names = {number: cells for number, cells in tagged.items() if not _are_chunks(cells)}
    if len(names) > 1:
        numbers = ", ".join(str(number + 1) for number in names)
        raise UserError(
            f"the columns {numbers} all have tags, as in {' '.join(tables[0][0])!r}; choose one by "
            f"its number (--columns tags={min(names) + 1})",
            file=source.path,
        )
    if names or tagged:
        return max(names or tagged)
    last = width - 1
    if last > token and any(is_tag(cells[-1]) for table in tables for cells in table):
        return last
    options = source.options
    labelled = options.labelled or options.gold is not None
    if not labelled or options.task == "classification":
        return None
    example = " ".join(tables[0][0])
    raise UserError(
        f"the last of {width} columns has no tags (O, B-LABEL, I-LABEL) in {example!r}; "
        "name the columns of tokens and tags by their numbers (--columns tokens=1,tags=2)",
        file=source.path,
    )


def _are_tags(cells: Sequence[str]) -> bool:
    """Whether `cells`, those of a column, are tags, or have them under a key."""
    if not cells:
        return False
    tags = sum(map(is_tag, cells))
    return tags >= _MOST * len(cells) or looks_tagged(cells) or _tag_key(cells) is not None


def _are_chunks(cells: Sequence[str]) -> bool:
    """Whether the tags `cells` mark syntactic chunks."""
    labels = {cell[2:] for cell in cells if cell != "O" and is_tag(cell)}
    return bool(labels) and labels <= _CHUNKS


def _tag_key(cells: Sequence[str]) -> str | None:
    """The key that nearly all `cells` have a tag under, as `name` in `name=B-PER|SpaceAfter=No`."""
    if not any("=" in cell for cell in cells[:_LOOKED_AT]):
        return None
    counts = Counter(
        key
        for cell in cells
        for key, equals, value in (part.partition("=") for part in cell.split("|"))
        if equals and is_tag(value)
    )
    key, count = counts.most_common(1)[0] if counts else ("", 0)
    return key if count >= _MOST * len(cells) else None


def find_scheme(layout: Layout, sentences: Sequence[Sequence[str]]) -> Scheme:
    """The tagging scheme of a file with `layout`, from the lines of its first `sentences`."""
    if layout.tag is None:
        return "iob2"
    tables = ([split_line(line, layout.tabs) for line in lines] for lines in sentences)
    tags = ([layout.tag_of(cells) for cells in t if len(cells) > (layout.tag or 0)] for t in tables)
    return detect_scheme([tag for tag in sentence if looks_tagged([tag])] for sentence in tags)


def first_unnumbered(table: Sequence[Sequence[str]]) -> int | None:
    """The index of the first line of `table` that does not start with a number; None if all do."""
    return next((i for i, cells in enumerate(table) if not _INDEX.fullmatch(cells[0])), None)
