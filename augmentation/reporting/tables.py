"""Tables of a page, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "number", "words", "text"]
"""A row's name; a number; words of ours, which may wrap; a text from the data, in any script."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, and what its cells hold."""

    heading: str
    kind: Kind = "number"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has a cell for every column."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
