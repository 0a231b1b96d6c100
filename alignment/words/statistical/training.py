"""EM training of both directions, and applying what was learned to other sentence pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alignment.protocol import Posteriors, WordPair
from alignment.words.statistical.bitext import EncodedBitext, Floats, Singles
from alignment.words.statistical.direction import Direction
from alignment.words.statistical.options import StatisticalOptions
from alignment.words.statistical.priors import Priors

_LEAST_COUNT = 0.01
"""Priors leave out pairs that were expected less often."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A bitext, its cells' probabilities in both directions, and what was learned from it.

    `count`, of shape (word pairs,), are expected links, `jumps` as in `Priors`.
    """

    bitext: EncodedBitext
    probabilities: tuple[Singles, Singles]
    count: Floats
    jumps: tuple[Floats, Floats]

    def posteriors(self) -> list[Posteriors]:
        """The soft alignment of every sentence pair that was trained on."""
        return self.bitext.split(*self.probabilities)

    def priors(self, earlier: Priors | None) -> Priors:
        """What was learned, with the counts of `earlier` priors added."""
        table: dict[tuple[str, str], float] = {}
        if earlier is not None:
            word_pairs = zip(earlier.source, earlier.target, strict=True)
            table = dict(zip(word_pairs, earlier.count.tolist(), strict=True))
        bitext = self.bitext
        for pair in np.flatnonzero(self.count >= _LEAST_COUNT).tolist():
            source = bitext.source.words[bitext.pair_source[pair]]
            target = bitext.target.words[bitext.pair_target[pair]]
            table[source, target] = table.get((source, target), 0.0) + float(self.count[pair])
        return Priors(
            tuple(source for source, _ in table),
            tuple(target for _, target in table),
            np.array(list(table.values()), dtype=np.float64),
            self.jumps,
        )


def train(pairs: Sequence[WordPair], options: StatisticalOptions, priors: Priors | None) -> Trained:
    """Train on `pairs`, starting from `priors`: a model per stem length of `options`, averaged."""
    bitext = EncodedBitext(pairs)
    options = options.for_size(len(pairs))
    share = np.float32(1 / len(options.stem_lengths))
    mean = _no_cells(bitext), _no_cells(bitext)
    count = np.zeros(len(bitext.keys))
    jumps: list[Floats] = []
    for length in options.stem_lengths:
        directions = _train_agreeing(bitext, options, length, priors)
        cells = [direction.expect(hidden_markov=True).cells for direction in directions]
        for total, cell in zip(mean, cells, strict=True):
            total += cell * share
        count += bitext.sum_by_pair(cells[0] * cells[1]) * share
        jumps = [direction.jumps for direction in directions]
    return Trained(bitext, mean, count, (jumps[0], jumps[1]))


def _no_cells(bitext: EncodedBitext) -> Singles:
    return np.zeros(len(bitext.pair_of_cell), np.float32)


def _train_agreeing(
    bitext: EncodedBitext, options: StatisticalOptions, stem_length: int, priors: Priors | None
) -> tuple[Direction, Direction]:
    directions = (
        Direction(bitext, False, stem_length, options, priors),
        Direction(bitext, True, stem_length, options, priors),
    )
    schedule = [False] * options.mixture_iterations + [True] * options.hmm_iterations
    for hidden_markov in schedule:
        expected = [direction.expect(hidden_markov) for direction in directions]
        agreed = expected[0].cells * expected[1].cells
        for direction, expectation in zip(directions, expected, strict=True):
            direction.learn(agreed, expectation, hidden_markov)
    return directions


def apply(
    pairs: Sequence[WordPair], priors: Priors, options: StatisticalOptions
) -> list[Posteriors]:
    """The E step alone, with the parameters in `priors`, on `pairs` in parts that fit into memory.

    `options` must be those of the training.
    """
    result: list[Posteriors] = []
    at = 0
    while at < len(pairs):
        end, cells = at, 0
        while end < len(pairs) and (end == at or cells < options.max_cells // 4):
            cells += len(pairs[end].source.offsets) * len(pairs[end].target.offsets)
            end += 1
        result.extend(_apply(pairs[at:end], priors, options))
        at = end
    return result


def _apply(
    pairs: Sequence[WordPair], priors: Priors, options: StatisticalOptions
) -> list[Posteriors]:
    bitext = EncodedBitext(pairs)
    options = options.for_size(len(pairs))
    mean = _no_cells(bitext), _no_cells(bitext)
    share = np.float32(1 / len(options.stem_lengths))
    for length in options.stem_lengths:
        for total, reverse in zip(mean, (False, True), strict=True):
            direction = Direction(bitext, reverse, length, options, priors)
            total += direction.expect(hidden_markov=True).cells * share
    return bitext.split(*mean)
