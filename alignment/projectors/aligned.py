"""Spans placed by word alignment: the candidate that the evidence of all kinds makes likeliest.

Every contiguous run of target words is a candidate. A log-linear model weighs what the soft
alignment says in both directions, what the strings themselves say (names, numbers, acronyms,
lengths, punctuation), and what the other rows of the batch say: words that are inside, at the
edge of or next to spans elsewhere. The spans of a row are then placed together.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.attention import AttentionProjector
from alignment.projectors.edges import build_projection, is_punctuation
from alignment.projectors.evidence import (
    mean_posteriors,
    posteriors_by_aligner,
    posteriors_by_attention,
    row_pair,
)
from alignment.projectors.features import Candidates, Job
from alignment.projectors.lexicon import Lexicon
from alignment.projectors.weights import Weights, load_weights
from alignment.protocol import Posteriors, Projection, ProjectionInput, WordAligner, WordPair
from alignment.statistical import StatisticalAligner
from corpora.errors import UserError

_BLOCK_CELLS = 60_000
_ROW_CELLS = 4_000_000
"""Word pairs of a row, such as 2,000 words on both sides, up to which words are aligned."""
_ALTERNATIVES = 8
_BEAM = 24
COMPLETENESS = ("source", "target", "instance")


@dataclass(frozen=True, slots=True)
class Placement:
    """A source span's run of target words [start, end), how sure it is, or why there is none."""

    start: int
    end: int
    confidence: float
    reason: str = ""


class AlignedProjector:
    """Projects by word alignment; needs no translator and no model.

    `aligner` is any `WordAligner`, or a name: `statistical` (trained on the rows of each call, and
    on `priors`), `attention` (the rows' own, where they have it, else statistical), or
    `statistical+attention` (their mean where rows have attention). `complete` are completeness
    filters: `source` gives a span up unless each of its words has a partner inside the target
    span, `target` unless each target word has a partner inside the source span, `instance` gives
    up all spans of a row when one could not be placed.
    """

    name = "aligned"
    learns = True
    """What it makes of a row depends on the other rows of the call."""

    def __init__(
        self,
        aligner: str | WordAligner = "statistical+attention",
        priors: str | Path | None = None,
        complete: Sequence[str] = (),
        minimum_confidence: float = 0.0,
        weights: Weights | None = None,
    ) -> None:
        for name in complete:
            if name not in COMPLETENESS:
                raise UserError(f"unknown completeness filter '{name}'", choices=COMPLETENESS)
        self._use_attention = False
        self._aligner: WordAligner | None
        kind = "statistical"
        if isinstance(aligner, str):
            choices = ("statistical", "attention", "statistical+attention")
            if aligner not in choices:
                raise UserError(f"unknown aligner '{aligner}'", choices=choices)
            self._use_attention = "attention" in aligner
            self._aligner = StatisticalAligner(priors) if "statistical" in aligner else None
            kind = "attention" if aligner == "attention" else "statistical"
        else:
            self._aligner = aligner
            kind = "statistical" if hasattr(aligner, "posteriors") else "links"
        self._weights = weights or load_weights(kind)
        self._complete = frozenset(complete)
        self._minimum = minimum_confidence

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of every input; see `SpanProjector`."""
        if not any(row.spans for row in inputs):
            return [Projection((), ()) for _ in inputs]
        pairs = [row_pair(row) for row in inputs]
        cells = [len(pair.source.offsets) * len(pair.target.offsets) for pair in pairs]
        if max(cells) > _ROW_CELLS:
            return self._project_apart(inputs, [count > _ROW_CELLS for count in cells])
        posteriors = self._posteriors(inputs, pairs)
        result: list[Projection] = []
        for block in blocks(inputs, pairs):
            placements = self._place(inputs[block], pairs[block], posteriors[block])
            for row, pair, soft, placed in zip(
                inputs[block], pairs[block], posteriors[block], placements, strict=True
            ):
                kept = self._filter(row, pair, soft, placed)
                result.append(to_projection(row, pair, kept, self.name))
        return result

    def _place(
        self,
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
        posteriors: Sequence[Posteriors],
    ) -> list[list[Placement]]:
        """One `Placement` a span of every row; the rows of a block teach each other."""
        placements = [
            [Placement(0, 0, 0.0, "unaligned" if p.target.offsets else "empty") for _ in row.spans]
            for row, p in zip(inputs, pairs, strict=True)
        ]
        jobs = find_jobs(inputs, pairs)
        if not jobs:
            return placements
        candidates = Candidates(jobs, pairs, posteriors, Lexicon(pairs))
        candidates.learn_corpus(candidates.probabilities(self._weights.first))
        probability = candidates.probabilities(self._weights.second)
        probability = self._reweigh(candidates, probability, inputs, pairs)
        sure = self._weights.calibrate(probability).tolist()
        for job, choice in zip(jobs, choose(candidates, probability), strict=True):
            if choice < 0:
                placements[job.row][job.span] = Placement(0, 0, 0.0, "collision")
            elif candidates.real[choice]:
                start, end = int(candidates.start[choice]), int(candidates.end[choice])
                placements[job.row][job.span] = Placement(start, end, sure[choice])
        return placements

    def _reweigh(
        self,
        candidates: Candidates,
        probability: NDArray[np.float64],
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
    ) -> NDArray[np.float64]:
        """The candidates' probabilities after the word of whoever knows more; here nobody does."""
        return probability

    def _project_apart(
        self, inputs: Sequence[ProjectionInput], too_long: Sequence[bool]
    ) -> list[Projection]:
        """Rows of thousands of words go by their own attention, sentence by sentence: tables of
        all their words would fill the memory."""
        short = self.project([row for row, long in zip(inputs, too_long, strict=True) if not long])
        long_rows = [row for row, long in zip(inputs, too_long, strict=True) if long]
        found = (iter(AttentionProjector().project(long_rows)), iter(short))
        return [next(found[0] if long else found[1]) for long in too_long]

    def _posteriors(
        self, inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
    ) -> list[Posteriors]:
        own = posteriors_by_attention(inputs, pairs) if self._use_attention else [None] * len(pairs)
        aligner = self._aligner
        if aligner is None and any(soft is None for soft in own):
            aligner = StatisticalAligner()
        if aligner is None:
            return [soft for soft in own if soft is not None]
        found = posteriors_by_aligner(aligner, inputs, pairs)
        replace = self._aligner is None
        return [
            soft if attended is None else attended if replace else mean_posteriors([soft, attended])
            for soft, attended in zip(found, own, strict=True)
        ]

    def _filter(
        self,
        row: ProjectionInput,
        pair: WordPair,
        soft: Posteriors,
        placements: list[Placement],
    ) -> list[Placement]:
        kept = [
            Placement(0, 0, p.confidence, "unsure")
            if not p.reason and p.confidence < self._minimum
            else p
            for p in placements
        ]
        if self._complete & {"source", "target"}:
            spans = [word_range(pair, span.start, span.end) for span in row.spans]
            kept = [
                p
                if p.reason or self._is_complete(pair, soft, span, p)
                else Placement(0, 0, p.confidence, "incomplete")
                for span, p in zip(spans, kept, strict=True)
            ]
        if "instance" in self._complete and any(p.reason for p in kept):
            kept = [p if p.reason else Placement(0, 0, p.confidence, "incomplete") for p in kept]
        return kept

    def _is_complete(
        self, pair: WordPair, soft: Posteriors, span: tuple[int, int], placed: Placement
    ) -> bool:
        source, target = slice(*span), slice(placed.start, placed.end)
        mean = (soft.forward[source, target] + soft.reverse[source, target]) / 2
        ok = True
        if "source" in self._complete:
            words = pair.source.strings()[source]
            ok &= _covered(words, mean.max(axis=1) if mean.size else np.zeros(len(words)))
        if "target" in self._complete:
            words = pair.target.strings()[target]
            ok &= _covered(words, mean.max(axis=0) if mean.size else np.zeros(len(words)))
        return ok


def _covered(words: Sequence[str], best: NDArray[Any]) -> bool:
    """Whether every word has a partner; punctuation needs none."""
    return all(
        value >= 0.2 or not any(map(str.isalnum, word))
        for word, value in zip(words, best.tolist(), strict=True)
    )


def word_range(pair: WordPair, start: int, end: int) -> tuple[int, int]:
    """The source words that share a letter with [start, end)."""
    offsets = pair.source.offsets
    first = bisect_right(offsets, start, key=lambda word: word[1])
    last = bisect_left(offsets, end, key=lambda word: word[0])
    return first, max(first, last)


def blocks(inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]) -> list[slice]:
    """Stretches of rows small enough for their candidates to fit into memory together."""
    result, at, cells, links = [], 0, 0, 0
    for index, (row, pair) in enumerate(zip(inputs, pairs, strict=True)):
        cells += len(row.spans) * len(pair.target.offsets)
        links += len(pair.source.offsets) * len(pair.target.offsets)
        if cells > _BLOCK_CELLS or links > _ROW_CELLS:
            result.append(slice(at, index + 1))
            at, cells, links = index + 1, 0, 0
    if at < len(inputs):
        result.append(slice(at, len(inputs)))
    return result


def find_jobs(inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]) -> list[Job]:
    """The spans to place, by row; a span without a word, or without a target, is none."""
    jobs = []
    for number, (row, pair) in enumerate(zip(inputs, pairs, strict=True)):
        if not pair.target.offsets:
            continue
        for index, span in enumerate(row.spans):
            start, end = word_range(pair, span.start, span.end)
            if end > start:
                jobs.append(Job(number, index, start, end))
    return jobs


def choose(candidates: Candidates, probability: NDArray[np.float64]) -> list[int]:
    """The candidate of every job, so that those of a row don't overlap; -1 where none is left.

    A span is nowhere only if that is likelier than all of its candidates together.
    Where the best ones of a row do overlap, the row's jobs are assigned together by beam search
    over the most probable candidates of each.
    """
    bounds = candidates.bounds
    probability = probability.copy()
    hopeful = probability[candidates.none] < 0.5
    probability[candidates.none[hopeful]] = 0.0
    # The first best: reduceat has no argmax.
    top = np.maximum.reduceat(probability, bounds[:-1])
    is_top = np.flatnonzero(probability == top[candidates.job])
    best = np.full(len(candidates.jobs), -1, dtype=np.int64)
    best[candidates.job[is_top[::-1]]] = is_top[::-1]
    order = np.lexsort((candidates.start[best], candidates.job_row))
    order = order[candidates.real[best[order]]]
    ahead, behind = order[:-1], order[1:]
    clash = candidates.job_row[ahead] == candidates.job_row[behind]
    clash &= candidates.start[best[behind]] < candidates.end[best[ahead]]
    for row in np.unique(candidates.job_row[ahead[clash]]):
        jobs = np.flatnonzero(candidates.job_row == row)
        best[jobs] = _assign(candidates, probability, jobs)
    return best.tolist()


def _assign(
    candidates: Candidates, probability: NDArray[np.float64], jobs: NDArray[np.int64]
) -> list[int]:
    """Beam search; a state is its log-probability, its cells as a bit set, and its choices."""
    beam: list[tuple[float, int, tuple[int, ...]]] = [(0.0, 0, ())]
    for job in jobs.tolist():
        low, high = int(candidates.bounds[job]), int(candidates.bounds[job + 1])
        part = probability[low : high - 1]
        ranked = np.argsort(-part, kind="stable")[:_ALTERNATIVES]
        options = [
            (low + c, ((1 << end - start) - 1) << start, gain)
            for c, start, end, gain in zip(
                ranked.tolist(),
                candidates.start[low + ranked].tolist(),
                candidates.end[low + ranked].tolist(),
                np.log(part[ranked] + 1e-12).tolist(),
                strict=True,
            )
        ]
        options.append((-1, 0, math.log(float(probability[high - 1]) + 1e-4)))
        grown = [
            (score + gain, taken | cells, (*chosen, candidate))
            for score, taken, chosen in beam
            for candidate, cells, gain in options
            if not taken & cells
        ]
        beam = sorted(grown, key=_by_score)[:_BEAM]
    return list(beam[0][2])


def _by_score(state: tuple[float, int, tuple[int, ...]]) -> float:
    return -state[0]


def to_projection(
    row: ProjectionInput, pair: WordPair, placements: Sequence[Placement], projector: str
) -> Projection:
    """Word runs as spans of the target text, without outer punctuation that the source lacks."""
    runs: list[tuple[int, int] | None] = []
    for span, placed in zip(row.spans, placements, strict=True):
        if placed.reason:
            runs.append(None)
            continue
        start, end = placed.start, placed.end
        source = row.source[span.start : span.end].strip()
        offsets = pair.target.offsets
        outer = _outer_punctuation(row.target, offsets)
        while end - start > 1 and outer(start) and not is_punctuation(source[0]):
            start += 1
        while end - start > 1 and outer(end - 1) and not is_punctuation(source[-1]):
            end -= 1
        runs.append((offsets[start][0], offsets[end - 1][1]))
    return build_projection(
        row.target,
        row.spans,
        runs,
        [placed.confidence for placed in placements],
        [placed.reason for placed in placements],
        projector,
    )


def _outer_punctuation(text: str, offsets: tuple[tuple[int, int], ...]) -> Callable[[int], bool]:
    return lambda word: is_punctuation(text[offsets[word][0]])
