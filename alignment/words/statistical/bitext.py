"""Sentence pairs laid out as arrays, for EM over all of them at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignment.protocol import Posteriors, WordPair
from alignment.unique import unique_with_inverse
from alignment.words.similarity import normalize, similarity, stem

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
"""Probabilities of the E step: single precision is enough and needs half the memory."""
Ints = NDArray[np.int64]

_BAND = 1.5
"""Sentence pairs are padded together up to so many times the length of the shortest."""
_MAX_BATCH = 512


class BitextSide:
    """The `sentences` of one side of a bitext, their words as numbers by normalised form.

    `ids` has an array of word numbers for every sentence; `words[i]` is word i, `index` its
    inverse; `frequency` has shape (words,).
    """

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        index: dict[str, int] = {}
        surface: dict[str, int] = {}
        self.ids = [
            np.array([_number(word, surface, index) for word in words], dtype=np.int64)
            for words in sentences
        ]
        self.words = list(index)
        self.index = index
        flat = np.concatenate([*self.ids, np.zeros(0, np.int64)])
        self.frequency = np.bincount(flat, minlength=len(index)).astype(np.float64)

    def stems(self, length: int) -> Ints:
        """The number of every word's stem of `length` letters, shape (words,)."""
        index: dict[str, int] = {}
        ids = [index.setdefault(stem(word, length), len(index)) for word in self.words]
        return np.array(ids, dtype=np.int64)


def _number(word: str, surface: dict[str, int], index: dict[str, int]) -> int:
    number = surface.get(word)
    if number is None:
        number = surface[word] = index.setdefault(normalize(word), len(index))
    return number


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentence pairs of similar size, padded to the same.

    `valid`, of shape (batch, source, target), says which cells are no padding; `words` are the
    word numbers of both sides, each of shape (batch, words); `cells` is where the batch's cells
    are among those of the bitext.
    """

    sentences: Ints
    valid: NDArray[np.bool_]
    words: tuple[Ints, Ints]
    cells: slice


class EncodedBitext:
    """Sentence pairs laid out for EM.

    A *cell* is a (source word, target word) of one sentence pair, a *word pair* one of their types.
    The cells of all batches are laid end to end, with their padding, which has its own word pair
    after the real ones.

    `source_lengths` and `target_lengths` have shape (sentences,); `pair_of_cell` has shape
    (cells,); `keys` (ascending), `pair_source`, `pair_target` and `similarity` have shape
    (word pairs,).
    """

    def __init__(self, pairs: Sequence[WordPair]) -> None:
        self.source = BitextSide([pair.source.strings() for pair in pairs])
        self.target = BitextSide([pair.target.strings() for pair in pairs])
        self.source_lengths = np.array([len(ids) for ids in self.source.ids], dtype=np.int64)
        self.target_lengths = np.array([len(ids) for ids in self.target.ids], dtype=np.int64)
        self.batches = list(self._batches())
        width = max(len(self.target.words), 1)
        padding = len(self.source.words) * width
        keys = [_keys(batch, width, padding) for batch in self.batches]
        unique, inverse = unique_with_inverse(
            np.concatenate([*keys, np.array([padding], dtype=np.int64)])
        )
        self.keys, self.pair_of_cell = unique[:-1], inverse[:-1]
        self.pair_source, self.pair_target = self.keys // width, self.keys % width
        self.similarity = similarity(
            self.source.words, self.target.words, self.pair_source, self.pair_target
        )

    def _batches(self) -> Iterator[Batch]:
        """Batches of pairs whose lengths differ little, so that padding costs little."""
        rows, columns = self.source_lengths, self.target_lengths
        usable = np.flatnonzero(rows * columns)
        band = np.ceil(np.log(np.maximum(rows[usable], 1)) / np.log(_BAND))
        order = usable[np.lexsort((columns[usable], band))]
        band = np.sort(band)
        at = cells = 0
        while at < len(order):
            first = columns[order[at]]
            end = at + 1
            while (
                end < len(order)
                and end - at < _MAX_BATCH
                and band[end] == band[at]
                and columns[order[end]] <= max(first * _BAND, first + 2)
            ):
                end += 1
            yield self._batch(order[at:end], cells)
            cells += int((end - at) * rows[order[at:end]].max() * columns[order[end - 1]])
            at = end

    def _batch(self, sentences: Ints, at: int) -> Batch:
        rows, columns = self.source_lengths[sentences], self.target_lengths[sentences]
        row, column = np.arange(rows.max()), np.arange(columns.max())
        valid = (row[:, None] < rows[:, None, None]) & (column < columns[:, None, None])
        words = _padded(self.source.ids, sentences), _padded(self.target.ids, sentences)
        return Batch(sentences, valid, words, slice(at, at + valid.size))

    def sum_by_pair(self, cells: Singles) -> Floats:
        """The sum of every word pair's `cells`, shape (word pairs,)."""
        sums = np.bincount(self.pair_of_cell, cells, len(self.keys) + 1)
        return sums[:-1].astype(np.float64, copy=False)

    def split(self, forward: Singles, reverse: Singles) -> list[Posteriors]:
        """Flat cell probabilities, `forward` and `reverse`, as a `Posteriors` per sentence pair."""
        shapes = zip(self.source_lengths.tolist(), self.target_lengths.tolist(), strict=True)
        result = [Posteriors(*np.zeros((2, rows, columns), np.float32)) for rows, columns in shapes]
        for batch in self.batches:
            both = [flat[batch.cells].reshape(batch.valid.shape) for flat in (forward, reverse)]
            for number, sentence in enumerate(batch.sentences.tolist()):
                soft = result[sentence]
                rows, columns = soft.forward.shape
                soft.forward[:] = both[0][number, :rows, :columns]
                soft.reverse[:] = both[1][number, :rows, :columns]
        return result


def _keys(batch: Batch, width: int, padding: int) -> Ints:
    """The number of every cell's word pair, shape (cells,)."""
    source, target = batch.words
    keys = source[:, :, None] * width + target[:, None, :]
    return np.where(batch.valid, keys, padding).ravel()


def _padded(ids: Sequence[Ints], sentences: Ints) -> Ints:
    rows = [ids[sentence] for sentence in sentences.tolist()]
    return np.array(list(itertools.zip_longest(*rows, fillvalue=0)), dtype=np.int64).T
