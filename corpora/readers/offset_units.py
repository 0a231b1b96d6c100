"""Whether offsets that should count code points seem to count something else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from corpora.choices import OFFSET_UNITS, OffsetUnit
from corpora.errors import UserError
from corpora.records import Row
from corpora.text.units import UNIT_NAMES, CodePoints

_LEAST = 6  # edges inside words
_TEXTS = 4  # at least, with such edges
_SHARE = 0.4  # of the edges that another unit would move
_BETTER = 8  # times fewer edges are inside words by the other unit


@dataclass(slots=True)
class _Edges:
    """The edges of spans that a unit moves: how many, and how many are wrong by which unit."""

    moved: int = 0
    wrong: int = 0
    wrong_by_unit: int = 0
    texts: set[str] = field(default_factory=set)
    """With edges that are wrong."""


def check_unit(rows: Iterable[Row], path: Path) -> None:
    """Raise `UserError` where many spans of `rows`, of the file `path`, begin or end inside words,
    and would not if their offsets counted another unit, which it names."""
    edges: dict[OffsetUnit, _Edges] = {unit: _Edges() for unit in OFFSET_UNITS[1:]}
    for row in rows:
        if row.spans and not row.text.isascii():
            for unit, counts in edges.items():
                _count(row, CodePoints(row.text, unit), counts)
    fitting = [
        unit
        for unit, e in edges.items()
        if len(e.texts) >= _TEXTS
        and e.wrong >= max(_LEAST, _SHARE * e.moved)
        and e.wrong_by_unit * _BETTER <= e.wrong
    ]
    if fitting:
        unit = min(fitting, key=lambda u: (edges[u].wrong_by_unit - edges[u].wrong, u != "utf16"))
        raise UserError(
            f"{edges[unit].wrong} spans begin or end inside words, and {edges[unit].wrong_by_unit} "
            f"would if offsets counted {UNIT_NAMES[unit]}: say what they count (the setting "
            f"offsets, --offsets {unit}, or codepoints to read them as they are)",
            file=path,
        )


def _count(row: Row, convert: CodePoints, counts: _Edges) -> None:
    for span in row.spans:
        for offset in (span.start, span.end):
            other = convert.offset(offset)
            if other != offset:
                counts.moved += 1
                if _is_inside_word(row.text, offset):
                    counts.wrong += 1
                    counts.texts.add(row.text)
                counts.wrong_by_unit += _is_inside_word(row.text, other)


def _is_inside_word(text: str, offset: int) -> bool:
    """Whether `offset` is between two letters or digits, or outside of `text`."""
    if not 0 <= offset <= len(text):
        return True
    return 0 < offset < len(text) and text[offset - 1].isalnum() and text[offset].isalnum()
