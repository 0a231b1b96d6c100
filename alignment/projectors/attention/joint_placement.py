"""Joint placement of spans: one contiguous run of target units each, no two overlapping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EXACT_SPANS = 6


def best_run(scores: NDArray[np.float64]) -> tuple[int, int, float]:
    """The contiguous run of greatest sum in `scores`, shape (units,): (start, end, sum).

    Returns (0, 0, 0.0) where no score is positive.
    """
    best_start = best_end = start = 0
    best = total = 0.0
    for index, score in enumerate(scores.tolist()):
        if total <= 0.0:
            start, total = index, 0.0
        total += score
        if total > best:
            best_start, best_end, best = start, index + 1, total
    return best_start, best_end, best


def place_spans(scores: NDArray[np.float64]) -> list[tuple[int, int] | None]:
    """Give every span one run of units or none, none overlapping, the sum of scores greatest.

    `scores` has shape (spans, units): the log-odds that a unit belongs to a span. Exact for up to
    six spans that compete, greedy by score among more.
    """
    count = len(scores)
    runs: list[tuple[int, int] | None] = [None] * count
    alone = [best_run(row) for row in scores]
    for group in _competing([(start, end) for start, end, _ in alone]):
        if len(group) == 1:
            start, end, best = alone[group[0]]
            runs[group[0]] = (start, end) if best > 0 else None
            continue
        taken = [run for run in runs if run is not None]
        for index, run in zip(group, _place_group(scores[group], taken), strict=True):
            runs[index] = run
    return _without_overlap(runs, scores)


def _competing(runs: list[tuple[int, int]]) -> list[list[int]]:
    """Groups of spans whose runs overlap, by target position; spans without overlap come first."""
    order = sorted(range(len(runs)), key=lambda i: runs[i])
    groups: list[list[int]] = []
    reach = -1
    for index in order:
        start, end = runs[index]
        if groups and start < reach and end > start:
            groups[-1].append(index)
        else:
            groups.append([index])
        reach = max(reach, end)
    return sorted(groups, key=len)


def _place_group(
    scores: NDArray[np.float64], taken: list[tuple[int, int]]
) -> list[tuple[int, int] | None]:
    scores = scores.copy()
    for start, end in taken:
        scores[:, start:end] = -np.inf
    if len(scores) <= _EXACT_SPANS:
        return _place_exactly(scores)
    runs: list[tuple[int, int] | None] = [None] * len(scores)
    candidates = {index: best_run(row) for index, row in enumerate(scores)}
    while candidates:
        index = max(candidates, key=lambda i: (candidates[i][2], -i))
        start, end, best = candidates.pop(index)
        if best <= 0:
            break
        runs[index] = (start, end)
        scores[:, start:end] = -np.inf
        for other, (first, last, _) in candidates.items():
            if first < end and start < last:  # the others' best runs are what they were
                candidates[other] = best_run(scores[other])
    return runs


def _place_exactly(scores: NDArray[np.float64]) -> list[tuple[int, int] | None]:
    """Dynamic programme over units; the state is the set of spans used and the one that is open."""
    count, units = scores.shape
    states = 1 << count
    # best[s]: every span of set s is placed and closed. inside[s, k]: span k of s is still open.
    best = np.full(states, -np.inf)
    best[0] = 0.0
    inside = np.full((states, count), -np.inf)
    member = (np.arange(states)[:, None] >> np.arange(count)) & 1 == 1
    without = np.where(member, np.arange(states)[:, None] ^ (1 << np.arange(count)), 0)
    opened = np.zeros((units, states, count), dtype=bool)
    closed = np.full((units, states), -1, dtype=np.int8)
    for unit in range(units):
        fresh = np.where(member, best[without], -np.inf)
        opened[unit] = fresh > inside
        inside = np.maximum(fresh, inside) + scores[:, unit]
        last = inside.argmax(axis=1)
        ending = inside[np.arange(states), last]
        better = ending > best
        closed[unit, better] = last[better]
        best = np.where(better, ending, best)
    runs: list[tuple[int, int] | None] = [None] * count
    state, unit = int(best.argmax()), units - 1
    while state and unit >= 0:
        span = int(closed[unit, state])
        if span < 0:
            unit -= 1
            continue
        end = unit + 1
        while not opened[unit, state, span]:
            unit -= 1
        runs[span] = (unit, end)
        state ^= 1 << span
        unit -= 1
    return runs


def _without_overlap(
    runs: list[tuple[int, int] | None], scores: NDArray[np.float64]
) -> list[tuple[int, int] | None]:
    """Drop the weaker of two runs that still overlap, which may be left between groups."""
    placed = sorted(
        (i for i, run in enumerate(runs) if run is not None),
        key=lambda i: -float(scores[i, slice(*(runs[i] or (0, 0)))].sum()),
    )
    taken = np.zeros(scores.shape[1], dtype=bool)
    kept: list[tuple[int, int] | None] = [None] * len(runs)
    for index in placed:
        run = runs[index]
        if run is not None and not taken[slice(*run)].any():
            taken[slice(*run)] = True
            kept[index] = run
    return kept
