"""Candidate spans rescored by a translator: is this candidate a translation of that span?

T-Projection (García-Ferrero et al. 2023) ranks candidate spans by translation probability as
NMTScore (Vamvas & Sennrich 2022) does. Here the candidates come from word alignment, which also
prunes them: the translator scores the few likeliest, and only where none of them is probable.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.aligned.projector import AlignedProjector
from alignment.projectors.features.candidates import Candidates
from alignment.protocol import ProjectionInput, WordAligner, WordPair


class Scored(Protocol):
    """A translation with its average log-probability per token."""

    score: float


class ScoringTranslator(Protocol):
    """A translator that scores given translations, as `translators.protocol.Translator` does."""

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> Sequence[Scored]:
        """Score `targets[i]` as the translation of `sources[i]`, in order.

        `source` and `target` are the languages' BCP 47 tags.
        """
        ...


class CandidateProjector(AlignedProjector):
    """An `AlignedProjector` that rescores the best candidates by translation probability.

    `translator` scores source to target, `reverse` (if there is one) target to source. They score
    the `max_candidates` likeliest candidates of a span, unless one has the probability
    `sufficient_confidence` already. `translation_weight` weighs their average log-probabilities
    against the alignment's. `aligner`, `priors`, `complete` and `minimum_confidence` are as for
    `AlignedProjector`.
    """

    name = "candidate"

    def __init__(
        self,
        translator: ScoringTranslator,
        reverse: ScoringTranslator | None = None,
        aligner: str | WordAligner = "statistical",
        sufficient_confidence: float = 0.9,
        max_candidates: int = 6,
        translation_weight: float = 1.0,
        priors: str | Path | None = None,
        complete: Sequence[str] = (),
        minimum_confidence: float = 0.0,
    ) -> None:
        super().__init__(aligner, priors, complete, minimum_confidence)
        self._translator = translator
        self._reverse = reverse
        self._sufficient_confidence = sufficient_confidence
        self._max_candidates = max_candidates
        self._translation_weight = translation_weight

    def _rescore(
        self,
        candidates: Candidates,
        probability: NDArray[np.float64],
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
    ) -> NDArray[np.float64]:
        """`probability`, revised by the translator for the spans that need it."""
        chosen = self._uncertain(candidates, probability)
        if not chosen:
            return probability
        runs = candidates.runs
        sources, targets, languages = [], [], []
        for candidate in chosen:
            source = candidates.layout.spans[int(runs.span[candidate])]
            row, offsets = inputs[source.row], pairs[source.row].target.offsets
            span = row.spans[source.index]
            run = int(runs.start[candidate]), int(runs.end[candidate])
            sources.append(row.source[span.start : span.end])
            targets.append(row.target[offsets[run[0]][0] : offsets[run[1] - 1][1]])
            languages.append((row.source_lang, row.target_lang))
        score = self._score(sources, targets, languages)
        result = probability.copy()
        index = np.array(chosen)
        owner = runs.span[index]
        mean = np.bincount(owner, score) / np.maximum(np.bincount(owner), 1)
        lift = np.exp(self._translation_weight * np.clip(score - mean[owner], -8.0, 8.0))
        # The rescored candidates of a span keep the sum of their probabilities.
        before = np.bincount(owner, probability[index])
        result[index] *= lift
        after = np.bincount(owner, result[index])
        scale = before / np.maximum(after, 1e-300)
        result[index] *= scale[owner]
        return result

    def _uncertain(self, candidates: Candidates, probability: NDArray[np.float64]) -> list[int]:
        """The best candidates of the spans of which no candidate is probable enough."""
        bounds = candidates.runs.bounds
        chosen: list[int] = []
        for number in range(len(candidates.layout.spans)):
            low, high = int(bounds[number]), int(bounds[number + 1]) - 1
            part = probability[low:high]
            if len(part) > 1 and part.max() < self._sufficient_confidence:
                best = np.argsort(-part, kind="stable")[: self._max_candidates]
                chosen.extend((low + best).tolist())
        return chosen

    def _score(
        self, sources: list[str], targets: list[str], languages: list[tuple[str, str]]
    ) -> NDArray[np.float64]:
        scores = np.zeros(len(sources))
        for pair in dict.fromkeys(languages):
            chosen = [i for i, languages_of in enumerate(languages) if languages_of == pair]
            source_texts, target_texts = [sources[i] for i in chosen], [targets[i] for i in chosen]
            forward = self._translator.force(source_texts, target_texts, *pair)
            scores[chosen] += [hypothesis.score for hypothesis in forward]
            if self._reverse is not None:
                backward = self._reverse.force(target_texts, source_texts, *pair[::-1])
                scores[chosen] += [hypothesis.score for hypothesis in backward]
        return scores
