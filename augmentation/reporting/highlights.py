"""Texts with their spans, cut up for showing, and made safe to show."""

from __future__ import annotations

import re
from collections.abc import Sequence

from corpora.records import Span

# Control characters would move a terminal's cursor, bidirectional overrides turn text around.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    """`text` with control characters as signs that can be seen."""
    return _UNSAFE.sub(_sign, text)


def _sign(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def marked(text: str, spans: Sequence[Span]) -> list[tuple[str, str | None]]:
    """`text` in pieces, in order, each with the label of its span or None.

    Where spans overlap (alternative answers) the first and longest is shown.
    """
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start < at:
            continue
        if span.start > at:
            pieces.append((visible(text[at : span.start]), None))
        pieces.append((visible(text[span.start : span.end]), span.label))
        at = span.end
    if at < len(text):
        pieces.append((visible(text[at:]), None))
    return pieces
