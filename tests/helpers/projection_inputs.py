"""Inputs whose correct projection follows from how they are built."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from alignment.protocol import Projection, ProjectionInput, SegmentAlignment
from alignment.words.splitting import split_words
from corpora.records import Span
from corpora.text.graphemes import is_boundary


def spans_in(text: str, *parts: tuple[str, str]) -> tuple[Span, ...]:
    """Spans for (substring, label); a substring that is repeated is taken in text order."""
    spans, at = [], {}
    for part, label in parts:
        start = text.index(part, at.get(part, 0))
        at[part] = start + len(part)
        spans.append(Span(start, start + len(part), label))
    return tuple(spans)


def aligned_segment(
    source: str, target: str, links: Sequence[tuple[int, int]], base: tuple[int, int] = (0, 0)
) -> SegmentAlignment:
    """A segment whose pieces are words and whose attention is `links` (source, target word)."""
    pieces = [split_words(text).offsets for text in (source, target)]
    attention = np.full((len(pieces[1]), len(pieces[0])), 0.001, np.float32)
    for i, j in links:
        attention[j, i] = 1.0
    attention /= attention.sum(axis=1, keepdims=True)
    moved = [
        tuple((start + by, end + by) for start, end in side)
        for side, by in zip(pieces, base, strict=True)
    ]
    return SegmentAlignment(moved[0], moved[1], attention * np.float32(0.95))


def linked_input(
    source: str, target: str, spans: Sequence[Span], links: Sequence[tuple[int, int]]
) -> ProjectionInput:
    """A row of one segment with word links."""
    return ProjectionInput(source, tuple(spans), target, (aligned_segment(source, target, links),))


def placed_texts(row: ProjectionInput, projection: Projection) -> list[tuple[str, str] | None]:
    """The text and label of every placed span, None for one that was not placed."""
    return [
        None if span is None else (row.target[span.start : span.end], span.label)
        for span in projection.placed
    ]


def check_projection(row: ProjectionInput, projection: Projection) -> None:
    """Check the properties of every projection, whatever the alignment was."""
    assert len(projection.placed) == len(projection.reasons) == len(row.spans)
    placed = []
    for source, span, reason in zip(row.spans, projection.placed, projection.reasons, strict=True):
        assert (span is None) == bool(reason)
        if span is None:
            continue
        assert 0 <= span.start < span.end <= len(row.target)
        assert not row.target[span.start : span.end].isspace()
        assert is_boundary(row.target, span.start)
        assert is_boundary(row.target, span.end)
        assert span.label == source.label
        assert span.projector
        assert span.confidence is not None
        assert 0.0 <= span.confidence <= 1.0
        placed.append((span.start, span.end))
    placed.sort()
    assert all(a[1] <= b[0] for a, b in pairwise(placed))
    assert list(projection.spans()) == sorted(
        (s for s in projection.placed if s is not None), key=lambda s: (s.start, s.end)
    )
