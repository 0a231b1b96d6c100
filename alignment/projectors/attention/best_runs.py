"""The run of target units of greatest log-odds, for many source spans at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SMOOTHING = 0.02
"""Attention added both into and out of the span: a unit that attends to nothing has log-odds 0."""


@dataclass(frozen=True, slots=True)
class PieceShares:
    """Attention of target pieces into and out of source spans, padded: arrays of shape (spans,
    pieces). `starts` says which pieces start a unit, `valid` which are no padding."""

    inside: Floats
    outside: Floats
    starts: Bools
    valid: Bools


@dataclass(frozen=True, slots=True)
class BestRuns:
    """The run of target pieces [first, last) of every source span, with its confidence; arrays of
    shape (spans,). Where `placed` is False there is none."""

    first: Ints
    last: Ints
    confidence: Floats
    placed: Bools


def log_odds(into: Any, out: Any) -> Any:
    """The log-odds that a unit belongs to a span, from its attention `into` it and `out` of it."""
    return np.log((into + _SMOOTHING) / (out + _SMOOTHING))


def run_confidence(inside: Any, outside: Any, total: Any) -> Any:
    """The confidence of a run: the geometric mean of recall and precision of attention.

    `inside` is the attention from its pieces into the span, `outside` theirs to elsewhere, and
    `total` that of all pieces into the span; numbers, or arrays of one shape.
    """
    recall = inside / np.maximum(total, 1e-9)
    precision = inside / np.maximum(inside + outside, 1e-9)
    return np.sqrt(np.clip(recall * precision, 0.0, 1.0))


def best_runs(shares: PieceShares, minimum_share: float) -> BestRuns:
    """Maximum-sum runs of the units of `shares`.

    Where no unit gives a span more than half of its attention, the span goes to the unit that gives
    it most, if its share is at least `minimum_share`.
    """
    spans, valid = len(shares.valid), shares.valid
    unit = np.cumsum(shares.starts, axis=1) - 1
    units = int(unit.max()) + 1
    cell = (unit + np.arange(spans)[:, None] * units)[valid]
    size = spans * units
    pieces = np.bincount(cell, minlength=size).reshape(-1, units)
    several = np.maximum(pieces, 1)
    into: Floats = np.bincount(cell, shares.inside[valid], size).reshape(-1, units) / several
    out: Floats = np.bincount(cell, shares.outside[valid], size).reshape(-1, units) / several
    into, out = np.asarray(into, np.float64), np.maximum(out, 0.0)
    # Padding must not be entered: beyond the last unit the running sum only falls.
    total = np.cumsum(np.where(pieces > 0, log_odds(into, out), -1e6), axis=1)
    before = np.concatenate([np.zeros((spans, 1)), total[:, :-1]], axis=1)
    least = np.minimum.accumulate(before, axis=1)
    gain = total - least
    end = gain.argmax(axis=1)
    row = np.arange(spans)
    start = (before == least[row, end][:, None]).argmax(axis=1)
    weak = gain[row, end] <= 0
    alone = into.argmax(axis=1)
    start, end = np.where(weak, alone, start), np.where(weak, alone, end) + 1
    share = into / (into + out + _SMOOTHING)
    placed = ~weak | (share[row, alone] >= minimum_share)
    inside, outside = _running(into * pieces), _running(out * pieces)
    count = _running(pieces.astype(np.float64))
    confidence = run_confidence(
        inside[row, end] - inside[row, start],
        outside[row, end] - outside[row, start],
        inside[:, -1],
    )
    first, last = count[row, start].astype(np.int64), count[row, end].astype(np.int64)
    return BestRuns(first, last, confidence, placed)


def _running(values: Floats) -> Floats:
    """The sums of all values before each column, and of all; one column more than `values`."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
