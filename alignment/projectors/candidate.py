"""Uncertain spans settled by the translator: is this candidate a translation of that span?

T-Projection (García-Ferrero et al. 2023) ranks candidate spans by translation probability as
NMTScore (Vamvas & Sennrich 2022) does. Here the candidates come from word alignment, which also
prunes them: only where it is unsure does the translator score the few likeliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.aligned import (
    AlignedProjector,
    Placement,
    blocks,
    choose,
    find_jobs,
    to_projection,
)
from alignment.projectors.evidence import row_pair
from alignment.projectors.features import Candidates
from alignment.projectors.lexicon import Lexicon
from alignment.protocol import Posteriors, Projection, ProjectionInput, WordAligner, WordPair


class Scored(Protocol):
    """A translation with its average log-probability per token."""

    score: float


class ScoringTranslator(Protocol):
    """A translator that scores given translations, as `translators.protocol.Translator` does."""

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> Sequence[Scored]:
        """Score given translations; see `translators.protocol.Translator.force`."""
        ...


class CandidateProjector(AlignedProjector):
    """`aligned`, and where no candidate has probability `sure`, the translator's word on the best.

    `translator` scores source to target, `reverse` (if there is one) target to source. `influence`
    weighs their average log-probabilities against the alignment's.
    """

    name = "candidate"

    def __init__(
        self,
        translator: ScoringTranslator,
        reverse: ScoringTranslator | None = None,
        aligner: str | WordAligner = "statistical",
        sure: float = 0.9,
        most: int = 6,
        influence: float = 1.0,
    ) -> None:
        super().__init__(aligner)
        self._translator = translator
        self._reverse = reverse
        self._sure = sure
        self._most = most
        self._influence = influence

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of every input; see `SpanProjector`."""
        if not any(row.spans for row in inputs):
            return [Projection((), ()) for _ in inputs]
        pairs = [row_pair(row) for row in inputs]
        posteriors = self._posteriors(inputs, pairs)
        result: list[Projection] = []
        for block in blocks(inputs, pairs):
            placed = self._place(inputs[block], pairs[block], posteriors[block])
            result.extend(
                to_projection(row, pair, placements, self.name)
                for row, pair, placements in zip(inputs[block], pairs[block], placed, strict=True)
            )
        return result

    def _place(
        self,
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
        posteriors: Sequence[Posteriors],
    ) -> list[list[Placement]]:
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
        probability = self._ask(candidates, probability, inputs, pairs)
        for job, choice in zip(jobs, choose(candidates, probability), strict=True):
            if choice < 0:
                placements[job.row][job.span] = Placement(0, 0, 0.0, "collision")
            elif candidates.real[choice]:
                sure = float(self._weights.calibrate(probability[choice : choice + 1])[0])
                run = int(candidates.start[choice]), int(candidates.end[choice])
                placements[job.row][job.span] = Placement(*run, sure)
        return placements

    def _ask(
        self,
        candidates: Candidates,
        probability: NDArray[np.float64],
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
    ) -> NDArray[np.float64]:
        """`probability` with the translator's opinion on the jobs that are not settled."""
        asked: list[int] = []
        for number in range(len(candidates.jobs)):
            low, high = int(candidates.bounds[number]), int(candidates.bounds[number + 1]) - 1
            part = probability[low:high]
            if len(part) > 1 and part.max() < self._sure:
                best = np.argsort(-part, kind="stable")[: self._most]
                asked.extend((low + best).tolist())
        if not asked:
            return probability
        sources, targets, languages = [], [], []
        for candidate in asked:
            job = candidates.jobs[int(candidates.job[candidate])]
            row, offsets = inputs[job.row], pairs[job.row].target.offsets
            span = row.spans[job.span]
            run = int(candidates.start[candidate]), int(candidates.end[candidate])
            sources.append(row.source[span.start : span.end])
            targets.append(row.target[offsets[run[0]][0] : offsets[run[1] - 1][1]])
            languages.append((row.source_lang, row.target_lang))
        opinion = self._score(sources, targets, languages)
        result = probability.copy()
        index = np.array(asked)
        mean = np.bincount(candidates.job[index], opinion) / np.maximum(
            np.bincount(candidates.job[index]), 1
        )
        lift = np.exp(self._influence * np.clip(opinion - mean[candidates.job[index]], -8.0, 8.0))
        # The jobs keep what they gave to these candidates together; it is dealt out anew.
        before = np.bincount(candidates.job[index], probability[index])
        result[index] *= lift
        after = np.bincount(candidates.job[index], result[index])
        scale = before / np.maximum(after, 1e-300)
        result[index] *= scale[candidates.job[index]]
        return result

    def _score(
        self, sources: list[str], targets: list[str], languages: list[tuple[str, str]]
    ) -> NDArray[np.float64]:
        scores = np.zeros(len(sources))
        for pair in dict.fromkeys(languages):
            chosen = [i for i, languages_of in enumerate(languages) if languages_of == pair]
            these, those = [sources[i] for i in chosen], [targets[i] for i in chosen]
            forward = self._translator.force(these, those, *pair)
            scores[chosen] += [hypothesis.score for hypothesis in forward]
            if self._reverse is not None:
                backward = self._reverse.force(those, these, *pair[::-1])
                scores[chosen] += [hypothesis.score for hypothesis in backward]
        return scores
