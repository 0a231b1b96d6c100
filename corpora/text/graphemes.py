"""Grapheme clusters: what a reader sees as one character (Unicode Standard Annex 29).

Offsets count code points. A span that cuts a cluster would separate a letter from its accent.
"""

from __future__ import annotations

import regex

_GRAPHEME = regex.compile(r"\X")


def is_boundary(text: str, offset: int) -> bool:
    """Whether `offset` is between two grapheme clusters of `text`, or at or beyond its ends."""
    if not 0 < offset < len(text):
        return True
    if _separate_clusters(text[offset - 1], text[offset]):
        return True
    return offset in _boundaries(text)


def widen_to_graphemes(text: str, start: int, end: int) -> tuple[int, int]:
    """The smallest span of `text` around [`start`, `end`) that splits no grapheme cluster."""
    while not is_boundary(text, start):
        start -= 1
    while not is_boundary(text, end):
        end += 1
    return start, end


def _separate_clusters(before: str, after: str) -> bool:
    """Whether two characters next to each other are surely in two clusters, by a quick test.

    No character below U+0300 extends a cluster, and none below U+0600 is prepended to one.
    """
    return after < "\u0300" and before < "\u0600" and not (before == "\r" and after == "\n")


_boundaries_of_last: tuple[str, frozenset[int]] = ("", frozenset())


def _boundaries(text: str) -> frozenset[int]:
    # Callers check all offsets of a text, one after the other: the last text is cached.
    global _boundaries_of_last
    last, boundaries = _boundaries_of_last
    if last is not text:
        boundaries = frozenset(match.end() for match in _GRAPHEME.finditer(text))
        _boundaries_of_last = (text, boundaries)
    return boundaries
