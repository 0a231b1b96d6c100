"""Spans placed by the translator's own attention: the cheapest projector, no second model.

A target unit (a word, or a piece where words are not spaced) belongs to a source span with the
share of its attention that falls on the span's pieces. The span goes to the contiguous run of
units of greatest log-odds; runs that compete are placed jointly. All rows of a call are decoded
at once, because a Python loop over pieces would cost as much as the translation.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.decode import place_spans
from alignment.projectors.edges import TrimTable, build_projection, is_punctuation
from alignment.protocol import Projection, ProjectionInput
from alignment.words import CharClass
from corpora.records import Span

_SMOOTHING = 0.02
"""Attention given to in and out alike: a unit that attends to nothing weighs nothing."""
_BLOCK = 512


class AttentionProjector:
    """Projects with `SegmentAlignment.attention`; spans of segments without it are `unaligned`.

    `minimum_share` is the least share of attention that a unit standing alone must give to a span
    for the span to be placed there when no unit gives it more than half.
    """

    name = "attention"

    def __init__(self, minimum_share: float = 0.2) -> None:
        self._minimum_share = minimum_share

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of every input; see `SpanProjector`."""
        if not any(row.spans for row in inputs):
            return [Projection((), ()) for _ in inputs]
        return _Batch(inputs, self.name, self._minimum_share).project()


class _Batch:
    """All rows of a call, laid end to end so that every step is one array operation."""

    def __init__(self, inputs: Sequence[ProjectionInput], name: str, minimum_share: float) -> None:
        self._inputs = inputs
        self._name = name
        self._minimum_share = minimum_share
        segments = [segment for row in inputs for segment in row.segments]
        self._row_segments = _starts([len(row.segments) for row in inputs])
        self._attention = [
            np.zeros((len(s.target_pieces), len(s.source_pieces)), np.float32)
            if s.attention is None
            else s.attention
            for s in segments
        ]
        for segment, matrix in zip(segments, self._attention, strict=True):
            shape = (len(segment.target_pieces), len(segment.source_pieces))
            if matrix.shape != shape:
                raise ValueError(f"attention of shape {matrix.shape}, expected {shape}")
        flat = [matrix.ravel() for matrix in self._attention]
        self._mass = np.zeros(sum(map(len, flat)) + 1)
        if len(self._mass) > 1:
            np.cumsum(np.concatenate(flat), dtype=np.float64, out=self._mass[1:])
        self._matrix_at = _starts([len(part) for part in flat])
        self._source_count = np.array([len(s.source_pieces) for s in segments] + [0])
        self._target_count = np.array([len(s.target_pieces) for s in segments] + [0])
        self._source_at = _starts(self._source_count[:-1])
        self._target_at = _starts(self._target_count[:-1])
        source_text_at = _starts([len(row.source) + 1 for row in inputs])
        self._target_text_at = _starts([len(row.target) + 1 for row in inputs])
        counts = [len(row.segments) for row in inputs]
        self._source_base = np.repeat(source_text_at[:-1], counts)
        self._target_base = np.repeat(self._target_text_at[:-1], counts)
        self._sources = _laid_out(
            [s.source_pieces for s in segments], self._source_base, self._source_count
        )
        self._targets = _laid_out(
            [s.target_pieces for s in segments], self._target_base, self._target_count
        )
        self._text = TrimTable("\n".join(row.target for row in inputs) + "\n")
        self._unit_starts = self._find_unit_starts()
        self._source_text_at = source_text_at

    def _find_unit_starts(self) -> NDArray[np.bool_]:
        """Whether a target piece starts a unit; pieces of one spaced word are one unit."""
        starts, ends = self._targets[:, 0], self._targets[:, 1]
        first = np.ones(len(starts), dtype=bool)
        if len(starts) > 1:
            classes = self._text.classes
            before = classes[np.maximum(starts - 1, 0)]
            here = classes[np.minimum(starts, len(classes) - 1)]
            touches = starts[1:] <= ends[:-1]
            word = (CharClass.WORD, CharClass.EXTEND)
            inside = np.isin(before, word) & (here == CharClass.WORD)
            inside |= here == CharClass.EXTEND
            overlap = starts[1:] < ends[:-1]
            first[1:] = ~(overlap | (touches & inside[1:]))
        first[self._target_at[:-1][self._target_at[:-1] < len(first)]] = True
        return first

    def project(self) -> list[Projection]:
        rows = np.repeat(np.arange(len(self._inputs)), [len(r.spans) for r in self._inputs])
        spans = [span for row in self._inputs for span in row.spans]
        starts = np.fromiter((s.start for s in spans), np.int64, len(spans))
        ends = np.fromiter((s.end for s in spans), np.int64, len(spans))
        low = np.searchsorted(
            self._sources[:, 1], self._source_text_at[rows] + starts, side="right"
        )
        high = np.searchsorted(self._sources[:, 0], self._source_text_at[rows] + ends, side="left")
        first = np.searchsorted(self._source_at, low, side="right") - 1
        last = np.searchsorted(self._source_at, np.maximum(high - 1, low), side="right") - 1
        known = high > low
        simple = known & (first == last)
        self._run = np.zeros((len(spans), 2), dtype=np.int64)  # flat target pieces
        self._confidence = np.zeros(len(spans))
        self._low, self._high, self._first, self._last = low, high, first, last
        jobs = np.flatnonzero(simple)
        jobs = jobs[np.argsort(self._target_count[first[jobs]], kind="stable")]
        for at in range(0, len(jobs), _BLOCK):
            self._decode(jobs[at : at + _BLOCK])
        for job in np.flatnonzero(known & ~simple):
            self._decode_across(int(job))
        self._resolve(rows)
        return self._build(spans, rows)

    def _decode(self, jobs: NDArray[np.int64]) -> None:
        """Best runs of spans that lie within one segment."""
        segment = self._first[jobs]
        count = self._target_count[segment]
        width = int(count.max()) if len(count) else 0
        if width == 0:
            return
        steps = np.arange(width)
        valid = steps < count[:, None]
        sources = self._source_count[segment][:, None]
        at = self._matrix_at[segment][:, None] + steps * sources
        at = np.where(valid, at, 0)
        sources = np.where(valid, sources, 0)
        low = np.where(valid, (self._low[jobs] - self._source_at[segment])[:, None], 0)
        high = np.where(valid, (self._high[jobs] - self._source_at[segment])[:, None], 0)
        inside = self._mass[at + high] - self._mass[at + low]
        outside = self._mass[at + sources] - self._mass[at] - inside
        pieces = np.where(valid, self._target_at[segment][:, None] + steps, 0)
        starts = self._unit_starts[pieces] & valid
        starts[:, 0] = True
        self._choose(jobs, inside, outside, starts, valid, self._target_at[segment])

    def _decode_across(self, job: int) -> None:
        """Best run of a span that lies across segments: their matrices, end to end."""
        inside, outside = self._shares(job, self._first[job], self._last[job])
        start = int(self._target_at[self._first[job]])
        starts = self._unit_starts[start : start + len(inside)][None].copy()
        if len(inside) == 0:
            return
        valid = np.ones_like(starts)
        self._choose(np.array([job]), inside[None], outside[None], starts, valid, np.array([start]))

    def _shares(
        self, job: int, first: int, last: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Attention into and out of a span for every target piece of segments first..last."""
        parts = []
        for segment in range(int(first), int(last) + 1):
            matrix = self._attention[segment]
            low = max(int(self._low[job] - self._source_at[segment]), 0)
            high = max(int(self._high[job] - self._source_at[segment]), 0)
            inside = matrix[:, low:high].sum(axis=1, dtype=np.float64)
            parts.append((inside, matrix.sum(axis=1, dtype=np.float64) - inside))
        insides, outsides = zip(*parts, strict=True)
        return np.concatenate(insides), np.concatenate(outsides)

    def _choose(
        self,
        jobs: NDArray[np.int64],
        inside: NDArray[np.float64],
        outside: NDArray[np.float64],
        starts: NDArray[np.bool_],
        valid: NDArray[np.bool_],
        base: NDArray[np.int64],
    ) -> None:
        """Maximum-sum runs of all rows of padded (jobs, pieces) arrays at once."""
        unit = np.cumsum(starts, axis=1) - 1
        units = int(unit.max()) + 1
        cell = (unit + np.arange(len(jobs))[:, None] * units)[valid]
        size = len(jobs) * units
        pieces = np.bincount(cell, minlength=size).reshape(-1, units)
        several = np.maximum(pieces, 1)
        into = np.bincount(cell, inside[valid], size).reshape(-1, units) / several
        out = np.bincount(cell, outside[valid], size).reshape(-1, units) / several
        into, out = np.asarray(into, np.float64), np.maximum(out, 0.0)
        scores = np.where(pieces > 0, np.log((into + _SMOOTHING) / (out + _SMOOTHING)), -np.inf)
        # Padding must not be entered: beyond the last unit the running sum only falls.
        total = np.cumsum(np.where(pieces > 0, scores, -1e6), axis=1)
        before = np.concatenate([np.zeros((len(jobs), 1)), total[:, :-1]], axis=1)
        least = np.minimum.accumulate(before, axis=1)
        gain = total - least
        end = gain.argmax(axis=1)
        row = np.arange(len(jobs))
        start = (before == least[row, end][:, None]).argmax(axis=1)
        weak = gain[row, end] <= 0
        alone = into.argmax(axis=1)
        start, end = np.where(weak, alone, start), np.where(weak, alone, end)
        share = into / (into + out + _SMOOTHING)
        placed = ~weak | (share[row, alone] >= self._minimum_share)
        self._record(jobs, into, out, pieces, start, end + 1, placed, base)

    def _record(
        self,
        jobs: NDArray[np.int64],
        into: NDArray[np.float64],
        out: NDArray[np.float64],
        pieces: NDArray[np.int64],
        start: NDArray[np.int64],
        end: NDArray[np.int64],
        placed: NDArray[np.bool_],
        base: NDArray[np.int64],
    ) -> None:
        row = np.arange(len(jobs))

        def upto(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.concatenate([np.zeros((len(jobs), 1)), np.cumsum(values, axis=1)], axis=1)

        mass = upto(into * pieces)
        other = upto(out * pieces)
        count = upto(pieces.astype(np.float64))
        held = mass[row, end] - mass[row, start]
        foreign = other[row, end] - other[row, start]
        confidence = _confidence(held, foreign, mass[:, -1])
        first = base + count[row, start].astype(np.int64)
        last = base + count[row, end].astype(np.int64)
        self._run[jobs, 0] = np.where(placed, first, 0)
        self._run[jobs, 1] = np.where(placed, last, 0)
        self._confidence[jobs] = np.where(placed, confidence, 0.0)

    def _resolve(self, rows: NDArray[np.int64]) -> None:
        """Place the spans of a row jointly where their best runs overlap."""
        order = np.lexsort((self._run[:, 1], self._run[:, 0], rows))
        order = order[self._run[order, 1] > 0]
        ahead, behind = order[:-1], order[1:]
        clash = (rows[ahead] == rows[behind]) & (self._run[behind, 0] < self._run[ahead, 1])
        for row in np.unique(rows[ahead[clash]]):
            self._place_jointly(np.flatnonzero(rows == row), int(row))

    def _place_jointly(self, jobs: NDArray[np.int64], row: int) -> None:
        first, last = int(self._row_segments[row]), int(self._row_segments[row + 1]) - 1
        at = int(self._target_at[first])
        starts = self._unit_starts[at : int(self._target_at[last + 1])]
        unit = np.cumsum(starts) - 1
        units = int(unit[-1]) + 1
        size = np.bincount(unit, minlength=units)
        scores = np.full((len(jobs), units), -1e6)
        shares = np.zeros((len(jobs), 2, len(starts)))
        for index, job in enumerate(jobs):
            if self._high[job] <= self._low[job]:
                continue
            inside, outside = shares[index] = self._shares(int(job), first, last)
            into = np.bincount(unit, inside, units) / size
            out = np.bincount(unit, outside, units) / size
            scores[index] = np.log((into + _SMOOTHING) / (np.maximum(out, 0) + _SMOOTHING))
        bounds = np.append(np.flatnonzero(starts), len(starts))
        for job, run, (inside, outside) in zip(jobs, place_spans(scores), shares, strict=True):
            if run is None:
                self._run[job] = (0, -1)
                self._confidence[job] = 0.0
                continue
            start, end = bounds[run[0]], bounds[run[1]]
            held, foreign = inside[start:end].sum(), np.maximum(outside[start:end], 0.0).sum()
            self._run[job] = (at + start, at + end)
            self._confidence[job] = _confidence(held, foreign, inside.sum())

    def _build(self, spans: list[Span], rows: NDArray[np.int64]) -> list[Projection]:
        placed = self._run[:, 1] > self._run[:, 0]
        first = np.where(placed, self._run[:, 0], 0)
        last = np.where(placed, self._run[:, 1] - 1, 0)
        if len(self._targets) == 0:
            starts = ends = np.zeros(len(spans), dtype=np.int64)
        else:
            keep = [
                (
                    is_punctuation(self._inputs[row].source[span.start]),
                    is_punctuation(self._inputs[row].source[span.end - 1]),
                )
                for span, row in zip(spans, rows.tolist(), strict=True)
            ]
            keep_first, keep_last = (np.array(side, dtype=bool) for side in zip(*keep, strict=True))
            starts, ends = self._text.trim(
                self._targets[first, 0], self._targets[last, 1], keep_first, keep_last
            )
        offset = self._target_text_at[rows]
        runs = np.stack([starts - offset, ends - offset], axis=1).tolist()
        confidence = np.clip(self._confidence, 0.0, 1.0).tolist()
        collided = (self._run[:, 1] < 0).tolist()
        ok = placed.tolist()
        projections, at = [], 0
        for row in self._inputs:
            upto = at + len(row.spans)
            if upto == at:
                projections.append(Projection((), ()))
                continue
            projections.append(
                build_projection(
                    row.target,
                    row.spans,
                    [tuple(runs[i]) if ok[i] else None for i in range(at, upto)],
                    confidence[at:upto],
                    [
                        "" if ok[i] else "collision" if collided[i] else "unaligned"
                        for i in range(at, upto)
                    ],
                    self._name,
                )
            )
            at = upto
        return projections


def _confidence(held: Any, foreign: Any, whole: Any) -> Any:
    """How sure a run is: the mean of recall and precision of attention, the geometric one.

    `held` is the attention from its pieces into the span, `foreign` theirs to elsewhere, and
    `whole` that of all pieces into the span; numbers, or arrays of one shape.
    """
    recall, precision = held / np.maximum(whole, 1e-9), held / np.maximum(held + foreign, 1e-9)
    return np.sqrt(np.clip(recall * precision, 0.0, 1.0))


def _starts(counts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of consecutive parts begins, and where the last one ends."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(np.asarray(counts, dtype=np.int64), out=starts[1:])
    return starts


def _laid_out(
    pieces: list[tuple[tuple[int, int], ...]],
    base: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Offsets of all pieces of all segments in the texts laid end to end, shape (pieces, 2)."""
    total = int(counts.sum())
    flat = chain.from_iterable(chain.from_iterable(pieces))
    offsets = np.fromiter(flat, np.int64, 2 * total).reshape(-1, 2)
    offsets = offsets + np.repeat(base, counts[:-1])[:, None]
    # A piece may stand for no character; searching needs offsets that never fall back.
    return np.maximum.accumulate(offsets, axis=0)
