"""The HMM of one direction: its parameters, its E step over a bitext and its M step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from alignment.words.statistical.bitext import Batch, EncodedBitext, Floats, Singles
from alignment.words.statistical.inference import TINY, Emissions, infer_hmm, infer_mixture
from alignment.words.statistical.options import StatisticalOptions
from alignment.words.statistical.priors import Priors
from alignment.words.statistical.translation import TranslationTable


@dataclass(frozen=True, slots=True)
class Expectation:
    """The E step's result for a whole bitext.

    `cells`, of shape (cells,), are link probabilities; `null_counts`, of shape (generated words,),
    how often each word was unlinked; `jump_counts`, of shape (2 * max_jump + 1,), how often each
    width was jumped, all zero in the mixture model.
    """

    cells: Singles
    null_counts: Floats
    jump_counts: Floats


class Direction:
    """An HMM in which every word of the generated side comes from a word of the given side or none.

    `bitext`, `reverse`, `stem_length` and `options` are as for `TranslationTable`; `priors` are
    what an earlier bitext gave. `jumps`, of shape (2 * max_jump + 1,), are the probabilities of
    jump widths.
    """

    def __init__(
        self,
        bitext: EncodedBitext,
        reverse: bool,
        stem_length: int,
        options: StatisticalOptions,
        priors: Priors | None,
    ) -> None:
        self._bitext = bitext
        self._reverse = reverse
        self._options = options
        counts = None if priors is None else priors.counts(bitext, reverse)
        self._table = TranslationTable(bitext, reverse, stem_length, options, counts)
        self._null = self._table.unigram
        self.jumps: Floats = (
            _initial_jumps(options.max_jump) if priors is None else priors.jumps[int(reverse)]
        )

    def expect(self, hidden_markov: bool) -> Expectation:
        """The E step: by the HMM, or by the mixture model unless `hidden_markov`."""
        probabilities = np.append(self._table.probability, 0.0).astype(np.float32)
        translation = probabilities[self._bitext.pair_of_cell]
        unlinked_words = self._null.astype(np.float32)
        cells = np.empty(len(translation), np.float32)
        null_counts = np.zeros(len(self._null))
        jump_counts = np.zeros_like(self.jumps)
        for batch in self._bitext.batches:
            emissions = self._emissions(batch, translation, unlinked_words)
            if hidden_markov:
                links = infer_hmm(emissions, self.jumps.astype(np.float32))
            else:
                links = infer_mixture(emissions, self._options.diagonal)
            real = emissions.valid[:, 0, :]
            words = batch.words[int(not self._reverse)]
            null_counts += np.bincount(
                words[real], links.unlinked[real], minlength=len(null_counts)
            )
            if links.jump_counts is not None:
                jump_counts += links.jump_counts
            linked = links.linked.transpose(0, 2, 1) if self._reverse else links.linked
            cells[batch.cells] = linked.ravel()
        return Expectation(cells, null_counts, jump_counts)

    def _emissions(self, batch: Batch, translation: Singles, unlinked_words: Singles) -> Emissions:
        valid = batch.valid
        linked = translation[batch.cells].reshape(valid.shape)
        if self._reverse:
            linked, valid = linked.transpose(0, 2, 1), valid.transpose(0, 2, 1)
        words = batch.words[int(not self._reverse)]
        unlinked = np.where(valid[:, 0, :], unlinked_words[words], np.float32(1.0))
        return Emissions(np.ascontiguousarray(linked), unlinked, valid, self._options.null)

    def learn(self, agreed: Singles, expected: Expectation, hidden_markov: bool) -> None:
        """The M step.

        `agreed` are the cells as both directions see them, `expected` is this direction's own E
        step; jumps are learned only where that was by the HMM (`hidden_markov`).
        """
        self._table.learn(agreed)
        smooth = expected.null_counts + 10.0 * self._table.unigram
        self._null = smooth / max(smooth.sum(), TINY)
        if hidden_markov:
            self.jumps = (expected.jump_counts + 1.0) / (expected.jump_counts + 1.0).sum()


def _initial_jumps(max_jump: int) -> Floats:
    """Probabilities of the widths, one word ahead being the most probable."""
    widths = np.arange(-max_jump, max_jump + 1)
    jumps: Floats = np.exp(-0.7 * np.abs(widths - 1)) + 0.01
    jumps /= jumps.sum()
    return jumps
