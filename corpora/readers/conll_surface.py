"""The surface of CoNLL-U sentences: multiword tokens (`3-4 zum`), and tokens without a space after
them (`SpaceAfter=No`)."""

from __future__ import annotations

from collections.abc import Sequence

from corpora.readers.conll_layout import RANGE_INDEX, Layout
from corpora.readers.tokenised import Unit

Range = tuple[int, int, str, bool]
"""First word (from 0) and end of a multiword token, its form, and whether a space is after it."""


def multiword_ranges(layout: Layout, table: Sequence[Sequence[str]]) -> list[Range]:
    """The multiword tokens in the lines of `table`, which has `layout`; those without a form are
    left out."""
    ranges: list[Range] = []
    words = 0
    for cells in table:
        match = RANGE_INDEX.fullmatch(cells[0])
        if match is None:
            words += "." not in cells[0] and "-" not in cells[0]
            continue
        form = cells[layout.token] if len(cells) > layout.token else "_"
        size = int(match[2]) - int(match[1]) + 1
        if form != "_" and size > 0:
            ranges.append((words, words + size, form, layout.has_space_after(cells)))
    return ranges


def surface_units(
    layout: Layout, table: Sequence[Sequence[str]], ranges: Sequence[Range]
) -> list[Unit]:
    """The tokens of the surface: words of `table` (in `layout`) and the forms of `ranges`."""
    units: list[Unit] = []
    by_start = {start: (end, form, space) for start, end, form, space in ranges}
    word = 0
    while word < len(table):
        cells = table[word]
        end, form, space = by_start.get(
            word, (word + 1, cells[layout.token], layout.has_space_after(cells))
        )
        end = min(end, len(table))
        units.append(Unit(form, word, end, space))
        word = end
    return units


def spelled(units: Sequence[Unit]) -> str:
    """The text of `units`, with a space where there is one after them."""
    return "".join(unit.form + " " * unit.space for unit in units).rstrip(" ")
