"""The translation table of one direction: the probability of each word given its partner."""

from __future__ import annotations

import numpy as np

from alignment.unique import unique_with_inverse
from alignment.words.statistical.bitext import EncodedBitext, Floats, Singles
from alignment.words.statistical.options import StatisticalOptions


class TranslationTable:
    """Probabilities of the generated words given their partners, in `probability`.

    `bitext` gives the word pairs; with `reverse`, source words are generated from target words.
    Pairs back off to their stems of `stem_length` letters, smoothed as `options` say.
    `prior_counts` are the expected links that an earlier bitext had: of every word pair, and of
    every given word. All arrays have shape (word pairs,), except `unigram`, the share of every
    generated word in the text.
    """

    def __init__(
        self,
        bitext: EncodedBitext,
        reverse: bool,
        stem_length: int,
        options: StatisticalOptions,
        prior_counts: tuple[Floats, Floats] | None,
    ) -> None:
        self._bitext = bitext
        self._options = options
        sides = (bitext.source, bitext.target)
        pairs = (bitext.pair_source, bitext.pair_target)
        given, generated = sides[::-1] if reverse else sides
        self._given, pair_generated = pairs[::-1] if reverse else pairs
        generated_stem = generated.stems(stem_length)
        width = int(generated_stem.max(initial=0)) + 1
        stem_keys, self._pair_stem = unique_with_inverse(
            given.stems(stem_length)[self._given] * width + generated_stem[pair_generated]
        )
        self._stem_given = stem_keys // width
        frequency = generated.frequency
        of_stem = np.bincount(generated_stem, frequency, width)[generated_stem]
        self._share_of_stem = (frequency / np.maximum(of_stem, 1.0))[pair_generated]
        floor = options.similarity_floor
        alike = np.maximum(bitext.similarity - floor, 0.0) / (1.0 - floor)
        self._boost = np.exp(options.similarity_boost * alike)
        self._uniform = 1.0 / max(len(generated.words), 1)
        self.unigram: Floats = frequency / max(frequency.sum(), 1.0)
        self._prior_count, self._prior_total = prior_counts or (
            np.zeros(len(self._given)),
            np.zeros(len(given.words)),
        )
        self.probability: Floats = self._estimate(None)

    def learn(self, cells: Singles) -> None:
        """The M step: estimate the probabilities from the expected links of the `cells`."""
        self.probability = self._estimate(self._bitext.sum_by_pair(cells))

    def _estimate(self, expected: Floats | None) -> Floats:
        base = np.full(len(self._given), self._uniform)
        count = self._prior_count
        total = self._prior_total
        if expected is not None:
            count = count + expected
            total = total + np.bincount(self._given, expected, len(total))
        if expected is not None or self._prior_total.any():
            stems = np.bincount(self._pair_stem, count, len(self._stem_given))
            stem_total = np.bincount(self._stem_given, stems)
            of_given = (stems / (stem_total[self._stem_given] + 1.0))[self._pair_stem]
            share = self._options.stem_share
            base = (1.0 - share) * base + share * of_given * self._share_of_stem
        base = base * self._boost
        smoothing = self._options.smoothing
        return np.asarray((count + smoothing * base) / (total + smoothing)[self._given])
