"""The candidates of a batch of source spans, their features and their probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.projectors.features.alignment_features import alignment_features
from alignment.projectors.features.arrays import Floats
from alignment.projectors.features.corpus_features import fill_corpus_features
from alignment.projectors.features.layout import Layout, SourceSpan
from alignment.projectors.features.lexicon import Lexicon
from alignment.projectors.features.links import LinkEvidence
from alignment.projectors.features.runs import CandidateRuns
from alignment.projectors.features.surface import SurfaceEvidence
from alignment.protocol import Posteriors


class Candidates:
    """The candidates of the source `spans` of a batch of rows.

    `posteriors` are the soft alignments of all rows of the batch, `lexicon` is made of their words.
    `layout` has the source spans, `runs` the candidates; `features`, of shape (candidates,
    len(FEATURES)), are their features, those of `CORPUS_FEATURES` 0 until `learn_corpus`.
    """

    def __init__(
        self, spans: Sequence[SourceSpan], posteriors: Sequence[Posteriors], lexicon: Lexicon
    ) -> None:
        self.layout = Layout(spans, lexicon)
        links = LinkEvidence(self.layout, posteriors)
        self._surface = SurfaceEvidence(self.layout)
        self.runs = CandidateRuns(self.layout, links, self._surface)
        self.features = alignment_features(self.layout, links, self._surface, self.runs)

    def probabilities(self, weights: Floats) -> Floats:
        """The probability of every candidate of its source span, shape (candidates,).

        By a log-linear model of the features with `weights`, shape (len(FEATURES),).
        """
        span, bounds, spans = self.runs.span, self.runs.bounds, len(self.layout.spans)
        score = (self.features @ weights.astype(np.float32)).astype(np.float64)
        best = np.maximum.reduceat(score, bounds[:-1]) if spans else score
        raised = np.exp(score - best[span])
        return np.asarray(raised / np.bincount(span, raised, spans)[span])

    def learn_corpus(self, probability: Floats) -> None:
        """Fill the features of `CORPUS_FEATURES` from the other rows of the batch.

        `probability`, of shape (candidates,), is the candidates' without these features.
        """
        fill_corpus_features(self.features, self.layout, self._surface, self.runs, probability)
