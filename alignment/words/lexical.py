"""A word aligner that needs no training and no model: it links words that look alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.limits import posteriors_of_short
from alignment.protocol import Posteriors, WordAlignment, WordPair
from alignment.symmetrize import links_from_posteriors
from alignment.words.similarity import similarity


class LexicalAligner:
    """A `SoftAligner` that links words that look alike, nearest positions first, and no others.

    `minimum` is the least similarity, in [0, 1], at which two words look alike.
    """

    name = "lexical"

    def __init__(self, minimum: float = 0.5) -> None:
        self._minimum = minimum

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Similarities of the words of all `pairs` as probabilities; see `SoftAligner`."""
        return posteriors_of_short(pairs, self._posteriors)

    def _posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        result = []
        for pair in pairs:
            source, target = pair.source.strings(), pair.target.strings()
            shape = (len(source), len(target))
            rows, columns = (index.ravel() for index in np.indices(shape))
            alike = similarity(source, target, rows, columns).reshape(shape)
            alike = np.where(alike >= self._minimum, alike, 0.0)
            positions = [(np.arange(n) + 0.5) / max(n, 1) for n in shape]
            near = np.exp(-3.0 * np.abs(positions[0][:, None] - positions[1][None, :]))
            weight = alike * near
            forward = weight / np.maximum(weight.sum(axis=0, keepdims=True), 1e-9)
            reverse = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
            result.append(
                Posteriors(
                    (forward * alike).astype(np.float32), (reverse * alike).astype(np.float32)
                )
            )
        return result

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """Link the words of all `pairs` that look alike; see `WordAligner`."""
        return [links_from_posteriors(soft, 0.5) for soft in self.posteriors(pairs)]
