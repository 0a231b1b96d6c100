"""Soft alignments of whole rows, from any aligner or from the translator's own attention."""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

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
from alignment.words.attention.posteriors import attention_posteriors
from alignment.words.splitting import split_pair
from alignment.words.statistical.aligner import StatisticalAligner

_TABLES_KEPT = 20_000_000
"""Word pairs of the rows of a call whose tables are all made at once, 160 MB; those of more are
made for a few rows at a time."""


def row_pairs(inputs: Sequence[ProjectionInput]) -> list[WordPair]:
    """The whole texts of every one of `inputs`, cut into words; equal texts are cut once."""
    unique = {(row.source, row.target): row for row in inputs}
    pairs = {texts: split_pair(*texts) for texts in unique}
    return [pairs[row.source, row.target] for row in inputs]


def segment_bounds(
    pair: WordPair, segments: Sequence[SegmentAlignment]
) -> list[tuple[int, int, int, int]]:
    """The words of `pair` in each of `segments`: (first source, end, first target, end).

    Half-open word indices, in text order; all 0 for a segment without pieces.
    """
    source = [start for start, _ in pair.source.offsets]
    target = [start for start, _ in pair.target.offsets]
    starts = [
        (s.source_pieces[0][0], s.target_pieces[0][0])
        if s.source_pieces and s.target_pieces
        else None
        for s in segments
    ]
    bounds = []
    nonempty = [start for start in starts if start is not None]
    cuts = [(0, 0), *((bisect_left(source, s), bisect_left(target, t)) for s, t in nonempty[1:])]
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


class AlignerEvidence:
    """The soft alignments that `aligner` gives of `inputs`, in tables made when they are needed.

    `pairs` are the rows' words. Rows are aligned segment by segment where their segments are known.
    """

    def __init__(
        self, aligner: WordAligner, inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
    ) -> None:
        self._aligner = aligner
        self._pairs = pairs
        self._plan = [_bounds(pair, row.segments) for row, pair in zip(inputs, pairs, strict=True)]
        self._soft: dict[tuple[object, ...], Posteriors] = {}
        # A row with alternative answers is repeated for each of them: its texts are aligned once.
        unique = {
            _key(part): part
            for pair, bounds in zip(pairs, self._plan, strict=True)
            for part in _parts(pair, bounds)
        }
        cells = sum(len(p.source.offsets) * len(p.target.offsets) for p in unique.values())
        if cells <= _TABLES_KEPT:
            self._soft = dict(zip(unique, _soft(aligner, list(unique.values())), strict=True))
        elif isinstance(aligner, StatisticalAligner):
            self._aligner = aligner.fitted_to(list(unique.values()))

    def of(self, rows: slice) -> list[Posteriors]:
        """The soft alignments of some of the rows."""
        pairs, plan = self._pairs[rows], self._plan[rows]
        parts = [
            part for pair, bounds in zip(pairs, plan, strict=True) for part in _parts(pair, bounds)
        ]
        soft = self._soft
        if not soft:
            unique = {_key(part): part for part in parts}
            soft = dict(zip(unique, _soft(self._aligner, list(unique.values())), strict=True))
        tables = iter([soft[_key(part)] for part in parts])
        return [_assemble(pair, bounds, tables) for pair, bounds in zip(pairs, plan, strict=True)]


def _parts(pair: WordPair, bounds: Sequence[tuple[int, int, int, int]]) -> list[WordPair]:
    """The words of the segments of a row."""
    return [WordPair(_part(pair.source, a, b), _part(pair.target, c, d)) for a, b, c, d in bounds]


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
    if isinstance(aligner, SoftAligner):
        return aligner.posteriors(pairs)
    return [
        posteriors_from_links(links, len(pair.source.offsets), len(pair.target.offsets))
        for links, pair in zip(aligner.align(pairs), pairs, strict=True)
    ]


def has_attention(row: ProjectionInput) -> bool:
    """Whether a segment of `row` has attention."""
    return any(segment.attention is not None for segment in row.segments)


def posteriors_by_attention(
    inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
) -> list[Posteriors | None]:
    """The soft alignment of every one of `inputs` from its attention; None for a row without.

    `pairs` are the rows' words.
    """
    plan = [
        _bounds(pair, row.segments) if has_attention(row) else []
        for row, pair in zip(inputs, pairs, strict=True)
    ]
    parts = [
        (segment, WordPair(_part(pair.source, a, b), _part(pair.target, c, d)))
        for row, pair, bounds in zip(inputs, pairs, plan, strict=True)
        if bounds
        for segment, (a, b, c, d) in zip(row.segments, bounds, strict=True)
    ]
    soft = iter(attention_posteriors([s for s, _ in parts], [words for _, words in parts]))
    return [
        _assemble(pair, bounds, soft) if bounds else None
        for pair, bounds in zip(pairs, plan, strict=True)
    ]


def _assemble(
    pair: WordPair, bounds: Sequence[tuple[int, int, int, int]], parts: Iterator[Posteriors]
) -> Posteriors:
    """The soft alignment of a row from the next of `parts`, one per segment."""
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
    """The mean of the soft alignments of one pair from `several` aligners."""
    if len(several) == 1:
        return several[0]
    # Not np.sum: for thousands of small tables its overhead costs more than the sums.
    share = np.float32(1 / len(several))
    forward = functools.reduce(np.add, [soft.forward for soft in several])
    reverse = functools.reduce(np.add, [soft.reverse for soft in several])
    return Posteriors(forward * share, reverse * share)
