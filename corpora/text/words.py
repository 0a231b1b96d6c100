"""Words of a text by Unicode's rules (Standard Annex 29), for texts that have no tokens.

In scripts written without spaces the standard's default applies: Han, Hiragana and Thai go
character by character, Katakana in runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import regex

from corpora.records import Row

Offsets = list[tuple[int, int]]

# WORD makes \b the default Unicode word boundary.
_BOUNDARY = regex.compile(r"\b", flags=regex.WORD | regex.V1)
_BREAKS = regex.compile(r"[^\t\r\n]+")


def words(text: str) -> Offsets:
    """Offsets of the words, numbers and signs of `text`, in order; every non-space is in one."""
    return list(_segment(text, 0, len(text)))


def words_of_row(row: Row) -> Offsets:
    """The tokens of `row`, or else the words of its text, cut so that each span is whole words.

    Text that no token covers is segmented too. Spaces at the ends of a span are in no word.
    """
    if row.tokens is None:
        pieces: Iterable[tuple[int, int]] = words(row.text)
    else:
        pieces = _with_gaps(row.text, row.tokens)
    edges = sorted({offset for span in row.spans for offset in (span.start, span.end)})
    return [
        trimmed
        for start, end in pieces
        for part in _cut(row.text, start, end, edges)
        if (trimmed := trim(row.text, *part)) is not None
    ]


def trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span `start:end` of `text` without the spaces at its ends; None if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return (start, end) if start < end else None


def _segment(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    bounds = [start, *(m.start() for m in _BOUNDARY.finditer(text, start, end)), end]
    for left, right in pairwise(bounds):
        if (part := trim(text, left, right)) is not None:
            yield part


def _with_gaps(text: str, tokens: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    at = 0
    for start, end in [*tokens, (len(text), len(text))]:
        if at < start:
            yield from _segment(text, at, start)
        if start < end:
            yield start, end
        at = end


def _cut(text: str, start: int, end: int, edges: Sequence[int]) -> Iterable[tuple[int, int]]:
    """The parts of a piece between span edges and around characters that end a field or line."""
    bounds = [start, *(edge for edge in edges if start < edge < end), end]
    for left, right in pairwise(bounds):
        for match in _BREAKS.finditer(text, left, right):
            yield match.span()
