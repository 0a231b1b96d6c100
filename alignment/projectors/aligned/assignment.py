"""One candidate for every source span, so that those of a row don't overlap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.features.candidates import Candidates
from alignment.projectors.features.runs import CandidateRuns

_ALTERNATIVES = 8
_BEAM = 24


def assign(candidates: Candidates, probability: NDArray[np.float64]) -> list[int]:
    """The index of every source span's candidate, -1 where none is left without overlap.

    `probability`, of shape (candidates,), is that of each of `candidates`. A span gets none only if
    that is likelier than all of its candidates together. Where the best ones of a row overlap,
    the row's spans are assigned together by beam search over the most probable candidates of each.
    """
    runs, rows = candidates.runs, candidates.layout.row
    probability = probability.copy()
    placeable = probability[runs.nowhere] < 0.5
    probability[runs.nowhere[placeable]] = 0.0
    # The first best: reduceat has no argmax.
    top = np.maximum.reduceat(probability, runs.bounds[:-1])
    is_top = np.flatnonzero(probability == top[runs.span])
    best = np.full(len(rows), -1, dtype=np.int64)
    best[runs.span[is_top[::-1]]] = is_top[::-1]
    order = np.lexsort((runs.start[best], rows))
    order = order[runs.real[best[order]]]
    ahead, behind = order[:-1], order[1:]
    clash = rows[ahead] == rows[behind]
    clash &= runs.start[best[behind]] < runs.end[best[ahead]]
    for row in np.unique(rows[ahead[clash]]):
        spans = np.flatnonzero(rows == row)
        best[spans] = _assign_together(runs, probability, spans)
    return best.tolist()


def _assign_together(
    runs: CandidateRuns, probability: NDArray[np.float64], spans: NDArray[np.int64]
) -> list[int]:
    """Beam search; a state is its log-probability, its words as a bit set, and its choices, the
    last one first, linked to those before."""
    beam: list[tuple[float, int, Any]] = [(0.0, 0, ())]
    for span in spans.tolist():
        low, high = int(runs.bounds[span]), int(runs.bounds[span + 1])
        part = probability[low : high - 1]
        ranked = np.argsort(-part, kind="stable")[:_ALTERNATIVES]
        options = [
            (low + c, ((1 << end - start) - 1) << start, gain)
            for c, start, end, gain in zip(
                ranked.tolist(),
                runs.start[low + ranked].tolist(),
                runs.end[low + ranked].tolist(),
                np.log(part[ranked] + 1e-12).tolist(),
                strict=True,
            )
        ]
        options.append((-1, 0, math.log(float(probability[high - 1]) + 1e-4)))
        grown = [
            (score + gain, taken | words, (candidate, chosen))
            for score, taken, chosen in beam
            for candidate, words, gain in options
            if not taken & words
        ]
        beam = sorted(grown, key=lambda state: -state[0])[:_BEAM]
    chosen, choices = beam[0][2], []
    while chosen:
        candidate, chosen = chosen
        choices.append(candidate)
    return choices[::-1]
