"""Texts with their spans, cut up for showing, and made safe to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.records import Span

# Control characters would move a terminal's cursor, bidirectional overrides reverse text.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text that is in one span or in none; its control characters are signs."""

    text: str
    label: str | None
    """The label of its span."""


def visible(text: str) -> str:
    """`text` with control characters as signs that can be seen."""
    return _UNSAFE.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


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
