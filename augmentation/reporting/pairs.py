"""Rows beside the rows they were made from, as a page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from augmentation.reporting.highlights import split_at_spans
from augmentation.reporting.labels import LABEL_CHARS
from augmentation.reporting.palette import Palette
from corpora.labels import shown_label
from corpora.records import Row, Span
from corpora.text.shortened import shortened

_TEXT_CHARS, _TEXT_SPANS, _FACT_CHARS = 2000, 50, 300
"""Characters of a text and spans in it, and characters of a fact, that a page shows."""


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

    Spans have the colours of `palette`. Of a long text its beginning is shown.
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
    facts = [row.id, f"label {shown_label(row)}" if shown_label(row) else "", note]
    return Pair(tuple(lines), tuple(shortened(fact, _FACT_CHARS) for fact in facts if fact))


def _line(lang: str, is_source: bool, text: str, spans: Sequence[Span], palette: Palette) -> Line:
    shown = [span for span in spans if span.start < _TEXT_CHARS][:_TEXT_SPANS]
    pieces = tuple(
        ColouredPiece(piece.text, None, None)
        if piece.label is None
        else ColouredPiece(
            piece.text, shortened(piece.label, LABEL_CHARS), palette.hue(piece.label)
        )
        for piece in split_at_spans(shortened(text, _TEXT_CHARS), shown)
    )
    return Line(lang, is_source, pieces)
