"""The run of target pieces of every source span of a call, disjoint within each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.attention.best_runs import (
    PieceShares,
    best_runs,
    log_odds,
    run_confidence,
)
from alignment.projectors.attention.joint_placement import place_spans
from alignment.projectors.attention.layout import Floats, Ints, Layout, SpanPieces

_BLOCK = 512
"""Spans that are decoded at once."""
_MOST_CELLS = 1_000_000
"""Most cells (spans of a row by its target units) of spans that are placed jointly; where there are
more, the more confident of two that overlap gets its run."""
_COLLIDED = -1


@dataclass(frozen=True, slots=True)
class PlacedRuns:
    """The target pieces [start, end) of every source span, with confidences.

    `pieces` has shape (spans, 2), `confidence` (spans,).
    """

    pieces: Ints
    confidence: Floats

    @classmethod
    def empty(cls, spans: int) -> PlacedRuns:
        """Nothing placed yet, of so many `spans`."""
        return cls(np.zeros((spans, 2), dtype=np.int64), np.zeros(spans))

    def set_collided(self, span: int) -> None:
        """No run for `span`, because others took its units."""
        self.pieces[span] = (0, _COLLIDED)
        self.confidence[span] = 0.0

    def placed(self) -> NDArray[np.bool_]:
        """Which spans have a run."""
        return np.asarray(self.pieces[:, 1] > self.pieces[:, 0])

    def collided(self) -> NDArray[np.bool_]:
        """Which spans have none because others took their units."""
        return np.asarray(self.pieces[:, 1] == _COLLIDED)


class RunFinder:
    """Finds the runs of the source `spans` of a `layout`; `minimum_share` is as in `best_runs`."""

    def __init__(self, layout: Layout, spans: SpanPieces, minimum_share: float) -> None:
        self._layout = layout
        self._spans = spans
        self._minimum_share = minimum_share

    def find(self) -> PlacedRuns:
        """The run of every span."""
        spans, layout = self._spans, self._layout
        runs = PlacedRuns.empty(len(spans.row))
        touched = spans.high > spans.low
        within_segment = touched & (spans.first == spans.last)
        simple = np.flatnonzero(within_segment)
        # Of similar length together, so that padding costs little.
        simple = simple[np.argsort(layout.target_count[spans.first[simple]], kind="stable")]
        for at in range(0, len(simple), _BLOCK):
            self._find_within(simple[at : at + _BLOCK], runs)
        for span in np.flatnonzero(touched & ~within_segment):
            self._find_across(int(span), runs)
        self._separate(runs)
        return runs

    def _find_within(self, chosen: Ints, runs: PlacedRuns) -> None:
        """Best runs of spans within one segment."""
        layout, spans = self._layout, self._spans
        segment = spans.first[chosen]
        count = layout.target_count[segment]
        width = int(count.max()) if len(count) else 0
        if width == 0:
            return
        steps = np.arange(width)
        valid = steps < count[:, None]
        sources = layout.source_count[segment][:, None]
        at = layout.matrix_at[segment][:, None] + steps * sources
        at = np.where(valid, at, 0)
        sources = np.where(valid, sources, 0)
        low = np.where(valid, (spans.low[chosen] - layout.source_at[segment])[:, None], 0)
        high = np.where(valid, (spans.high[chosen] - layout.source_at[segment])[:, None], 0)
        inside = layout.mass[at + high] - layout.mass[at + low]
        outside = layout.mass[at + sources] - layout.mass[at] - inside
        base = layout.target_at[segment]
        pieces = np.where(valid, base[:, None] + steps, 0)
        starts = layout.unit_starts[pieces] & valid
        starts[:, 0] = True
        self._record(chosen, PieceShares(inside, outside, starts, valid), base, runs)

    def _find_across(self, span: int, runs: PlacedRuns) -> None:
        """Best run of a span across segments: their matrices, end to end."""
        first, last = int(self._spans.first[span]), int(self._spans.last[span])
        inside, outside = self._shares(span, first, last)
        if len(inside) == 0:
            return
        start = int(self._layout.target_at[first])
        starts = self._layout.unit_starts[start : start + len(inside)][None].copy()
        shares = PieceShares(inside[None], outside[None], starts, np.ones_like(starts))
        self._record(np.array([span]), shares, np.array([start]), runs)

    def _record(self, chosen: Ints, shares: PieceShares, base: Ints, runs: PlacedRuns) -> None:
        best = best_runs(shares, self._minimum_share)
        runs.pieces[chosen, 0] = np.where(best.placed, base + best.first, 0)
        runs.pieces[chosen, 1] = np.where(best.placed, base + best.last, 0)
        runs.confidence[chosen] = np.where(best.placed, best.confidence, 0.0)

    def _shares(self, span: int, first: int, last: int) -> tuple[Floats, Floats]:
        """Attention into and out of a span for every target piece of segments first..last."""
        layout, parts = self._layout, []
        for segment in range(first, last + 1):
            matrix = layout.attention[segment]
            low = max(int(self._spans.low[span] - layout.source_at[segment]), 0)
            high = max(int(self._spans.high[span] - layout.source_at[segment]), 0)
            inside = matrix[:, low:high].sum(axis=1, dtype=np.float64)
            parts.append((inside, matrix.sum(axis=1, dtype=np.float64) - inside))
        insides, outsides = zip(*parts, strict=True)
        return np.concatenate(insides), np.concatenate(outsides)

    def _separate(self, runs: PlacedRuns) -> None:
        """Place the spans of a row jointly where their best runs overlap."""
        rows, pieces = self._spans.row, runs.pieces
        order = np.lexsort((pieces[:, 1], pieces[:, 0], rows))
        order = order[pieces[order, 1] > 0]
        ahead, behind = order[:-1], order[1:]
        clash = (rows[ahead] == rows[behind]) & (pieces[behind, 0] < pieces[ahead, 1])
        for row in np.unique(rows[ahead[clash]]):
            self._place_jointly(np.flatnonzero(rows == row), int(row), runs)

    def _place_jointly(self, chosen: Ints, row: int, runs: PlacedRuns) -> None:
        layout, spans = self._layout, self._spans
        first, last = int(layout.row_segments[row]), int(layout.row_segments[row + 1]) - 1
        at = int(layout.target_at[first])
        starts = layout.unit_starts[at : int(layout.target_at[last + 1])]
        unit = np.cumsum(starts) - 1
        units = int(unit[-1]) + 1
        if len(chosen) * units > _MOST_CELLS:
            return
        size = np.bincount(unit, minlength=units)
        scores = np.full((len(chosen), units), -1e6)
        shares = np.zeros((len(chosen), 2, len(starts)))
        for index, span in enumerate(chosen.tolist()):
            if spans.high[span] <= spans.low[span]:
                continue
            inside, outside = shares[index] = self._shares(span, first, last)
            into = np.bincount(unit, inside, units) / size
            out = np.bincount(unit, outside, units) / size
            scores[index] = log_odds(into, np.maximum(out, 0))
        bounds = np.append(np.flatnonzero(starts), len(starts))
        joint = zip(chosen.tolist(), place_spans(scores), shares, strict=True)
        for span, run, (inside, outside) in joint:
            if run is None:
                runs.set_collided(span)
                continue
            start, end = bounds[run[0]], bounds[run[1]]
            held, lost = inside[start:end].sum(), np.maximum(outside[start:end], 0.0).sum()
            runs.pieces[span] = (at + start, at + end)
            runs.confidence[span] = run_confidence(held, lost, inside.sum())
