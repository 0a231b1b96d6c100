"""The sentences of texts and of translations that exist already, paired: a span's place is in the
sentence that its own became.

Pairs are found by the lengths of the sentences, after Gale and Church (1993), and by the words that
both sides have in common: names and numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from alignment.protocol import ProjectionInput, SegmentAlignment
from translators.sentences import split_sentences

_STEPS = {(1, 1): 0.89, (1, 2): 0.045, (2, 1): 0.045, (2, 2): 0.01, (1, 0): 0.005, (0, 1): 0.005}
"""How many sentences on both sides make a pair, with the probability of that."""
_VARIANCE = 6.8  # of the length of a translation, per character
_COMMON_WORD = 1.5  # the gain of a pair for each word in common
_BAND = 12  # sentences that a pair may be away from the diagonal, beside the difference in number
_WORD = re.compile(r"\w+")

Offsets = tuple[int, int]


def with_sentences(inputs: Sequence[ProjectionInput]) -> list[ProjectionInput]:
    """`inputs` with the sentences of their texts as segments, where both sides have several.

    Rows that have segments already, or no spans, stay as they are.
    """
    return [
        row if row.segments or not row.spans else replace(row, segments=_segments(row))
        for row in inputs
    ]


def _segments(row: ProjectionInput) -> tuple[SegmentAlignment, ...]:
    sources = split_sentences(row.source, row.source_lang)
    targets = split_sentences(row.target, row.target_lang)
    if len(sources) < 2 or len(targets) < 2:
        return ()
    pairs = pair_sentences(
        [row.source[a:b] for a, b in sources], [row.target[a:b] for a, b in targets]
    )
    return tuple(
        SegmentAlignment(tuple(sources[a:b]), tuple(targets[c:d]), None) for (a, b), (c, d) in pairs
    )


def pair_sentences(sources: Sequence[str], targets: Sequence[str]) -> list[tuple[Offsets, Offsets]]:
    """The pairs of `sources` and `targets` that are likeliest to be translations of each other.

    Each is a half-open range of sentences on both sides, none of them empty; together they are all
    sentences, in order.
    """
    costs = _Costs(sources, targets)
    rows, columns = len(sources), len(targets)
    best: dict[Offsets, tuple[float, Offsets]] = {(0, 0): (0.0, (0, 0))}
    reach = _BAND + abs(rows - columns)
    for i in range(rows + 1):
        middle = i * columns // rows
        for j in range(max(0, middle - reach), min(columns, middle + reach) + 1):
            steps = [
                (best[i - m, j - n][0] + costs(i - m, i, j - n, j), (i - m, j - n))
                for m, n in _STEPS
                if (i - m, j - n) in best
            ]
            if steps:
                best[i, j] = min(steps)
    path = [(rows, columns)]
    while path[-1] != (0, 0):
        path.append(best[path[-1]][1])
    path.reverse()
    steps_taken = pairwise(path)
    return _joined([((a, b), (c, d)) for (a, c), (b, d) in steps_taken])


def _joined(pairs: Sequence[tuple[Offsets, Offsets]]) -> list[tuple[Offsets, Offsets]]:
    """`pairs` with each that lacks a side joined to the one before it, or the first to the next."""
    whole: list[tuple[Offsets, Offsets]] = []
    for (a, b), (c, d) in pairs:
        lacks = whole and any(start == end for side in (whole[-1], ((a, b), (c, d)))
                              for start, end in side)  # fmt: skip
        if lacks:
            (first, _), (first_target, _) = whole[-1]
            whole[-1] = ((first, b), (first_target, d))
        else:
            whole.append(((a, b), (c, d)))
    return whole


class _Costs:
    """How unlikely it is that runs of `sources` and `targets` are translations of each other."""

    def __init__(self, sources: Sequence[str], targets: Sequence[str]) -> None:
        self._lengths = [len(text) for text in sources], [len(text) for text in targets]
        self._words = [[set(_WORD.findall(text.lower())) for text in side]
                       for side in (sources, targets)]  # fmt: skip
        self._ratio = sum(self._lengths[1]) / max(sum(self._lengths[0]), 1)

    def __call__(self, a: int, b: int, c: int, d: int) -> float:
        """The cost of the source sentences [`a`, `b`) and the target sentences [`c`, `d`)."""
        cost = -math.log(_STEPS[b - a, d - c])
        if a == b or c == d:
            return cost
        source, target = sum(self._lengths[0][a:b]), sum(self._lengths[1][c:d])
        expected = source * self._ratio
        deviation = abs(target - expected) / math.sqrt(max(expected, 1.0) * _VARIANCE)
        cost -= math.log(max(math.erfc(deviation / math.sqrt(2)), 1e-12))
        words = set().union(*self._words[0][a:b])
        others = set().union(*self._words[1][c:d])
        return cost - _COMMON_WORD * len(words & others)
