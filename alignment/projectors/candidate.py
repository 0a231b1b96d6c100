"""Uncertain spans settled by the translator: is this candidate a translation of that span?

T-Projection (García-Ferrero et al. 2023) ranks candidate spans by translation probability as
NMTScore (Vamvas & Sennrich 2022) does. Here the candidates come from word alignment, which also
prunes them: only where it is unsure does the translator score the few likeliest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.aligned import AlignedProjector
from alignment.projectors.features import Candidates
from alignment.protocol import ProjectionInput, WordAligner, WordPair


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
    weighs their average log-probabilities against the alignment's. The other options are those of
    `aligned`.
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
        priors: str | Path | None = None,
        complete: Sequence[str] = (),
        minimum_confidence: float = 0.0,
    ) -> None:
        super().__init__(aligner, priors, complete, minimum_confidence)
        self._translator = translator
        self._reverse = reverse
        self._sure = sure
        self._most = most
        self._influence = influence

    def _reweigh(
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
