"""Results as notebooks show them: tables, and rows with their spans highlighted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from augmentation.reporting.page import render
from augmentation.reporting.pairs import PairList, pair_list
from augmentation.reporting.palette import Palette
from augmentation.reporting.tables import Table
from corpora.records import Row

SHOWN_ROWS = 10
"""Rows that a notebook shows of a result."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is shown; what it does not have is left out."""

    note: str = ""
    table: Table | None = None
    pairs: PairList | None = None


@dataclass(frozen=True, slots=True)
class NotebookView:
    """What is shown, from top to bottom."""

    sections: tuple[Section, ...]


def notebook_html(*sections: Section) -> str:
    """`sections` as a piece of HTML; every text in them is escaped."""
    return render("notebook.html.j2", NotebookView(sections))


def first_rows(heading: str, rows: Iterable[Row], note: str = "") -> Section:
    """The first `SHOWN_ROWS` of `rows`, with their sources, under `heading`, and `note` above."""
    shown = list(islice(rows, SHOWN_ROWS))
    labels = Counter(span.label for row in shown for span in row.spans)
    palette = Palette(label for label, _ in labels.most_common())
    return Section(note, pairs=pair_list(heading, ((row, "") for row in shown), palette))
