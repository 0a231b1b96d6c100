"""The candidates of every source span: which runs of target words are considered at all."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.features.arrays import Floats, Ints, RunningSums, ranges
from alignment.projectors.features.layout import Layout
from alignment.projectors.features.links import LinkEvidence
from alignment.projectors.features.surface import SurfaceEvidence

_MOST_CANDIDATES = 500
_RUNS_TOGETHER = 2_000_000
"""Runs that are in memory at once: of a row with thousands of spans there are many millions."""


class CandidateRuns:
    """Runs of limited length with a large enough part of the evidence, as arrays of one shape.

    Candidates are sorted by their source `span`, an index into those of `layout`; the last one of
    every span is "no span at all". `start` and `end` are word indices in the row's target, and
    `cell_start` and `cell_end` the same as cells; start = end = 0 for no span. `real` is False for
    no span. Those of span i are [bounds[i], bounds[i + 1]), of which `nowhere[i]` is no span.

    They are chosen by the evidence in `links` and `surface`.
    """

    def __init__(self, layout: Layout, links: LinkEvidence, surface: SurfaceEvidence) -> None:
        self._layout = layout
        cell, end, span = _likely_runs(layout, links, surface)
        # The candidate "no span at all" closes every source span.
        count = np.bincount(span, minlength=len(layout.spans)) + 1
        self.bounds = np.concatenate([[0], np.cumsum(count)])
        self.nowhere = self.bounds[1:] - 1
        slot = np.arange(len(span)) + span
        self.span = np.repeat(np.arange(len(layout.spans)), count)
        self.cell_start = np.repeat(layout.cell_at[:-1], count)
        self.cell_end = self.cell_start.copy()
        self.cell_start[slot], self.cell_end[slot] = cell, end
        self.real = np.zeros(int(self.bounds[-1]), dtype=bool)
        self.real[slot] = True
        self.start = self.cell_start - layout.cell_at[self.span]
        self.end = self.cell_end - layout.cell_at[self.span]
        self.first_cell: Ints = np.asarray(
            np.minimum(self.cell_start, max(len(layout.cell_type) - 1, 0))
        )
        self.last_cell: Ints = np.asarray(np.maximum(self.cell_end - 1, 0))

    def before(self, values: NDArray[np.float64], edge: float) -> Floats:
        """The value of the cell before every candidate, or `edge` at the text's start.

        `values` has shape (cells,).
        """
        previous = values[np.maximum(self.cell_start - 1, 0)]
        return np.asarray(np.where(self.start > 0, previous, edge))

    def after(self, values: NDArray[np.float64], edge: float) -> Floats:
        """The value of the cell after every candidate, or `edge` at the text's end.

        `values` has shape (cells,).
        """
        inside = self.end < self._layout.target_words[self.span]
        following = values[np.minimum(self.cell_end, len(values) - 1)]
        return np.asarray(np.where(inside, following, edge))


def _likely_runs(
    layout: Layout, links: LinkEvidence, surface: SurfaceEvidence
) -> tuple[Ints, Ints, Ints]:
    """The first cell, the end and the source span of every run, by source span."""
    spans = len(layout.spans)
    longest = np.maximum(3 * layout.source_words + 5, 8)[layout.cell_span]
    word = np.arange(len(layout.cell_span)) - layout.cell_at[layout.cell_span]
    count = np.minimum(longest, layout.high[layout.cell_span] - word)
    outside = (word < layout.low[layout.cell_span]) | (count < 0)
    count[outside] = 0
    evidence = links.inside + links.into + 0.3 * (surface.alike > 0.6) + surface.acronym
    evidence[outside] = 0.0
    total = np.bincount(layout.cell_span, evidence, spans)
    sums = RunningSums(evidence)
    parts = []
    for first, last in _together(layout, count):
        cell = np.arange(layout.cell_at[first], layout.cell_at[last])
        run_count = count[cell]
        cell = np.repeat(cell, run_count)
        span = layout.cell_span[cell]
        end = cell + ranges(run_count) + 1
        amount = sums(cell, end)
        keep = amount > 0.2 * total[span]
        without = np.bincount(span[keep], minlength=spans) == 0
        without[:first] = without[last:] = False
        if without.any():  # of many mentions of one name, none has a large part of the evidence
            most = np.zeros(spans)
            np.maximum.at(most, span, amount)
            keep |= without[span] & (amount > 0.8 * most[span])
        cell, end, span = cell[keep], end[keep], span[keep]
        kept = np.bincount(span - first, minlength=last - first)
        if (kept > _MOST_CANDIDATES).any():
            score = links.log_in(cell, end) - links.log_out(cell, end)
            score -= 0.3 * np.abs((end - cell) - layout.source_words[span])
            order = np.lexsort((-score, span))
            best = np.sort(order[ranges(kept) < _MOST_CANDIDATES])
            cell, end, span = cell[best], end[best], span[best]
        parts.append((cell, end, span))
    cells, ends, owners = zip(*parts, strict=True)
    return np.concatenate(cells), np.concatenate(ends), np.concatenate(owners)


def _together(layout: Layout, count: Ints) -> list[tuple[int, int]]:
    """Stretches of spans with about `_RUNS_TOGETHER` runs each; a cell starts `count` of them."""
    spans = len(layout.spans)
    runs = np.concatenate([[0], np.cumsum(count)])[layout.cell_at]
    stretch = runs[1:] // _RUNS_TOGETHER
    cuts = [0, *(np.flatnonzero(np.diff(stretch)) + 1).tolist(), spans]
    return list(pairwise(dict.fromkeys(cuts)))
