"""Texts with their spans, cut up for showing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corpora.records import Span
from corpora.text.visible import visible


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text that is in one span or in none; its control characters are signs."""

    text: str
    label: str | None
    """The label of its span."""


def split_at_spans(text: str, spans: Sequence[Span]) -> list[Piece]:
    """`text` in pieces, in order, cut where one of `spans` begins or ends.

    Where spans overlap (alternative answers) the first and longest is shown.
    """
    pieces: list[Piece] = []
    at = 0
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if span.start < at:
            continue
        if span.start > at:
            pieces.append(Piece(visible(text[at : span.start]), None))
        pieces.append(Piece(visible(text[span.start : span.end]), span.label))
        at = span.end
    if at < len(text):
        pieces.append(Piece(visible(text[at:]), None))
    return pieces
