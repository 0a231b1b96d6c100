"""Where the soft alignments of a row come from, whatever aligner there is."""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from alignment.attention import attention_posteriors
from alignment.protocol import (
    Posteriors,
    ProjectionInput,
    SegmentAlignment,
    SoftAligner,
    WordAligner,
    WordPair,
    Words,
)
from alignment.symmetrize import posteriors_from_links
from alignment.words import split_words


def row_pair(row: ProjectionInput) -> WordPair:
    """The whole texts of a row, cut into words."""
    return WordPair(split_words(row.source), split_words(row.target))


def segment_bounds(
    pair: WordPair, segments: Sequence[SegmentAlignment]
) -> list[tuple[int, int, int, int]]:
    """Which words each segment holds: (first source, end, first target, end), in text order."""
    source = [start for start, _ in pair.source.offsets]
    target = [start for start, _ in pair.target.offsets]
    starts = [
        (s.source_pieces[0][0], s.target_pieces[0][0])
        if s.source_pieces and s.target_pieces
        else None
        for s in segments
    ]
    bounds = []
    known = [start for start in starts if start is not None]
    cuts = [(0, 0), *((bisect_left(source, s), bisect_left(target, t)) for s, t in known[1:])]
    cuts.append((len(source), len(target)))
    at = 0
    for start in starts:
        if start is None:
            bounds.append((0, 0, 0, 0))
            continue
        (s0, t0), (s1, t1) = cuts[at], cuts[at + 1]
        bounds.append((s0, s1, t0, t1))
        at += 1
    return bounds


def _bounds(
    pair: WordPair, segments: Sequence[SegmentAlignment]
) -> list[tuple[int, int, int, int]]:
    """`segment_bounds`; a single segment, or none, is the whole row."""
    if len(segments) > 1:
        return segment_bounds(pair, segments)
    return [(0, len(pair.source.offsets), 0, len(pair.target.offsets))]


def _part(words: Words, start: int, end: int) -> Words:
    if (start, end) == (0, len(words.offsets)):
        return words
    return Words(words.text, words.offsets[start:end])


def posteriors_by_aligner(
    aligner: WordAligner, inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
) -> list[Posteriors]:
    """Soft alignments of every row from `aligner`, segment by segment where those are known."""
    parts: list[WordPair] = []
    plan: list[list[tuple[int, int, int, int]]] = []
    for row, pair in zip(inputs, pairs, strict=True):
        bounds = _bounds(pair, row.segments)
        plan.append(bounds)
        parts.extend(
            WordPair(_part(pair.source, a, b), _part(pair.target, c, d)) for a, b, c, d in bounds
        )
    # A row with several alternative answers comes once for each: its texts are aligned once.
    distinct = {_key(part): part for part in parts}
    by_text = dict(zip(distinct, _soft(aligner, list(distinct.values())), strict=True))
    found = iter([by_text[_key(part)] for part in parts])
    return [_assemble(pair, bounds, found) for pair, bounds in zip(pairs, plan, strict=True)]


def _key(pair: WordPair) -> tuple[object, ...]:
    return (
        pair.source.text,
        pair.target.text,
        *(
            (words.offsets[0], words.offsets[-1]) if words.offsets else None
            for words in (pair.source, pair.target)
        ),
    )


def _soft(aligner: WordAligner, pairs: Sequence[WordPair]) -> list[Posteriors]:
    soft: SoftAligner | None = aligner if hasattr(aligner, "posteriors") else None  # type: ignore[assignment]
    if soft is not None:
        return soft.posteriors(pairs)
    return [
        posteriors_from_links(links, len(pair.source.offsets), len(pair.target.offsets))
        for links, pair in zip(aligner.align(pairs), pairs, strict=True)
    ]


def posteriors_by_attention(
    inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
) -> list[Posteriors | None]:
    """Soft alignments from the translator's own pass; None for a row that has none."""
    plan = [
        _bounds(pair, row.segments)
        if any(segment.attention is not None for segment in row.segments)
        else []
        for row, pair in zip(inputs, pairs, strict=True)
    ]
    parts = [
        (segment, WordPair(_part(pair.source, a, b), _part(pair.target, c, d)))
        for row, pair, bounds in zip(inputs, pairs, plan, strict=True)
        if bounds
        for segment, (a, b, c, d) in zip(row.segments, bounds, strict=True)
    ]
    found = iter(attention_posteriors([s for s, _ in parts], [words for _, words in parts]))
    return [
        _assemble(pair, bounds, found) if bounds else None
        for pair, bounds in zip(pairs, plan, strict=True)
    ]


def _assemble(
    pair: WordPair, bounds: Sequence[tuple[int, int, int, int]], parts: Iterator[Posteriors]
) -> Posteriors:
    """The soft alignment of a row from the next of `parts`, one a segment."""
    shape = (len(pair.source.offsets), len(pair.target.offsets))
    if list(bounds) == [(0, shape[0], 0, shape[1])]:
        return next(parts)
    forward, reverse = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for a, b, c, d in bounds:
        soft = next(parts)
        forward[a:b, c:d] = soft.forward
        reverse[a:b, c:d] = soft.reverse
    return Posteriors(forward, reverse)


def mean_posteriors(several: Sequence[Posteriors]) -> Posteriors:
    """The mean of what several aligners say of one pair."""
    if len(several) == 1:
        return several[0]
    # Not np.sum: these are thousands of small tables, and its preparations cost more than the sums.
    share = np.float32(1 / len(several))
    forward = functools.reduce(np.add, [soft.forward for soft in several])
    reverse = functools.reduce(np.add, [soft.reverse for soft in several])
    return Posteriors(forward * share, reverse * share)
