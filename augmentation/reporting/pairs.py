"""Rows beside the rows they were made from, as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from augmentation.reporting.highlights import split_at_spans
from augmentation.reporting.palette import Palette
from corpora.records import Row, Span


@dataclass(frozen=True, slots=True)
class ColouredPiece:
    """A stretch of a text; `label` and `hue` (degrees) are None outside spans."""

    text: str
    label: str | None
    hue: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a pair, in the language `lang`."""

    lang: str
    is_source: bool
    pieces: tuple[ColouredPiece, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """The texts of a row and of its source, with `facts` about the row."""

    lines: tuple[Line, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PairList:
    """Pairs under a heading."""

    heading: str
    pairs: tuple[Pair, ...]


def pair_list(heading: str, rows: Iterable[tuple[Row, str]], palette: Palette) -> PairList:
    """`rows`, each with a note that may be empty, under `heading`.

    Spans have the colours of `palette`.
    """
    return PairList(heading, tuple(_pair(row, note, palette) for row, note in rows))


def _pair(row: Row, note: str, palette: Palette) -> Pair:
    lines = []
    origin = row.provenance
    if origin is not None:
        lang = origin.source_lang
        lines.append(_line(lang, True, origin.source_text, origin.source_spans, palette))
        if origin.source_text_pair is not None:
            lines.append(_line(lang, True, origin.source_text_pair, (), palette))
    lines.append(_line(row.lang, False, row.text, row.spans, palette))
    if row.text_pair is not None:
        lines.append(_line(row.lang, False, row.text_pair, (), palette))
    facts = [row.id, f"label {row.label}" if row.label else "", note]
    return Pair(tuple(lines), tuple(fact for fact in facts if fact))


def _line(lang: str, is_source: bool, text: str, spans: Sequence[Span], palette: Palette) -> Line:
    pieces = tuple(
        ColouredPiece(
            piece.text, piece.label, None if piece.label is None else palette.hue(piece.label)
        )
        for piece in split_at_spans(text, spans)
    )
    return Line(lang, is_source, pieces)
