"""`StatisticalAligner`, the word aligner by name `statistical`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from alignment.limits import is_too_long, posteriors_of_short
from alignment.protocol import Posteriors, WordAlignment, WordPair
from alignment.symmetrize import links_from_posteriors
from alignment.words.statistical.options import StatisticalOptions
from alignment.words.statistical.priors import Priors, load_priors, save_priors
from alignment.words.statistical.training import apply, train


class StatisticalAligner:
    """A `SoftAligner` that is trained on the bitext it aligns.

    It starts from `priors`, a file that `save` wrote, and trains on `extra` pairs too, as `options`
    say. Links are those with a mean probability of at least `threshold`. Unless `fit` was called,
    every call of `posteriors` or `align` trains on the pairs that it is given; after `fit` it only
    applies what was learned. Raises `UserError` for priors that cannot be read.
    """

    name = "statistical"

    def __init__(
        self,
        priors: str | Path | None = None,
        extra: Sequence[WordPair] = (),
        threshold: float = 0.5,
        options: StatisticalOptions | None = None,
    ) -> None:
        self._options = options or StatisticalOptions()
        self._priors = None if priors is None else load_priors(priors)
        self._extra = tuple(extra)
        self._threshold = threshold
        self._fitted: Priors | None = None

    def fit(self, pairs: Sequence[WordPair]) -> StatisticalAligner:
        """Learn from `pairs`; later calls apply this and train no more."""
        trained = train(self._sample(pairs), self._options, self._priors)
        self._fitted = trained.priors(self._priors)
        return self

    def fitted_to(self, pairs: Sequence[WordPair]) -> StatisticalAligner:
        """This aligner where `fit` was called, else another one, fitted to `pairs`."""
        return self if self._fitted is not None else copy.copy(self).fit(pairs)

    def save(self, path: str | Path) -> None:
        """Write to `path` what `fit` learned, to be the `priors` of another aligner.

        Raises `ValueError` before `fit`, and `UserError` where `path` cannot be written.
        """
        if self._fitted is None:
            raise ValueError("nothing to save: call fit first")
        save_priors(path, self._fitted)

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Link probabilities of all `pairs` in both directions; see `SoftAligner`."""
        return posteriors_of_short(pairs, self._posteriors)

    def _posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        if self._fitted is not None:
            return apply(pairs, self._fitted, self._options)
        sample = self._sample(pairs)
        trained = train(sample, self._options, self._priors)
        if len(sample) < len(pairs) + len(self._extra):
            return apply(pairs, trained.priors(self._priors), self._options)
        return trained.posteriors()[: len(pairs)]

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of all `pairs`; see `WordAligner`."""
        return [links_from_posteriors(p, self._threshold) for p in self.posteriors(pairs)]

    def _sample(self, pairs: Sequence[WordPair]) -> list[WordPair]:
        """All pairs, or evenly spaced ones of them with at most about `max_cells` word pairs; pairs
        that are too long are left out."""
        everything = [pair for pair in (*pairs, *self._extra) if not is_too_long(pair)]
        sizes = [len(p.source.offsets) * len(p.target.offsets) for p in everything]
        total = int(np.array(sizes, dtype=np.int64).sum())
        if total <= self._options.max_cells:
            return everything
        step = -(-total // self._options.max_cells)
        return everything[::step]
