"""A word aligner that learns from the sentences it aligns, in NumPy: no compiler, no model.

Two hidden Markov models (Vogel, Ney & Tillmann 1996), one a direction, are trained by EM to agree
(Liang, Taskar & Klein 2006): each link counts by the product of its probabilities in both. What
makes that work on a few hundred sentences is the base of the translation table: a word pair that
was hardly seen falls back on the pair of its stems, and pairs that look alike start ahead. As an
alignment from so little data is uncertain, several models with stems of other lengths vote.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alignment.distinct import distinct
from alignment.lexical import normalize, similarity, stem
from alignment.protocol import Posteriors, WordAlignment, WordPair
from alignment.symmetrize import links_from_posteriors
from corpora.errors import UserError
from corpora.storage import reading, replacing

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
"""Probabilities of the E step: single precision is enough, and half of what memory must carry."""
Ints = NDArray[np.int64]

_FORMAT = "labelferry-alignment-priors-1"
_TINY = 1e-30
_BAND = 1.5
"""Sentence pairs are padded together up to so many times the length of the shortest."""
_DENSE = 256
"""Words of a sentence up to which a matrix of all moves is faster than windows and sums."""
_LEAST_COUNT = 0.01
"""Priors leave out pairs that were expected less often."""


@dataclass(frozen=True, slots=True)
class StatisticalOptions:
    """How to train. The defaults were chosen on bitexts of 250 to 2,000 sentences."""

    stems: tuple[int, ...] = (3, 4, 5)
    """Stem lengths, in letters; one model each, whose probabilities are averaged."""
    first_iterations: int = 5
    """Iterations of the position-blind model that starts the HMM."""
    iterations: int = 3
    smoothing: float = 4.0
    """Pseudo-counts of the base distribution, a word."""
    stem_share: float = 0.9
    """How much of the base comes from stems; the rest is uniform."""
    likeness: float = 3.0
    """A pair that looks the same starts exp(likeness) times ahead of one that does not."""
    likeness_floor: float = 0.2
    diagonal: float = 1.5
    null: float = 0.05
    """Probability that a word has no partner."""
    max_jump: int = 15
    max_cells: int = 20_000_000
    """Word pairs that are trained on at once; a larger bitext is sampled evenly."""
    large: int = 1_500
    """Above so many sentence pairs one stem length and two iterations are enough."""


class StatisticalAligner:
    """Aligns a bitext by itself, with what earlier bitexts taught (`priors`) and `extra` pairs.

    Unless `fit` was called, every call of `posteriors` or `align` trains on the pairs that it is
    given; after `fit` it only applies what was learned.
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
        self._model: Priors | None = None

    def fit(self, pairs: Sequence[WordPair]) -> StatisticalAligner:
        """Learn from `pairs`; later calls apply this and train no more."""
        self._model = self._train(self._sample(pairs)).priors(self._priors)
        return self

    def save(self, path: str | Path) -> None:
        """Write what `fit` learned, to be given as `priors` to another aligner."""
        if self._model is None:
            raise ValueError("nothing to save: call fit first")
        save_priors(path, self._model)

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Link probabilities of every pair, both directions, each of shape (source, target)."""
        if self._model is not None:
            return _apply(pairs, self._model, self._options)
        sample = self._sample(pairs)
        trained = self._train(sample)
        if len(sample) < len(pairs) + len(self._extra):
            return _apply(pairs, trained.priors(self._priors), self._options)
        return trained.bitext.split(*trained.mean)[: len(pairs)]

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of every pair whose mean probability is at least the threshold."""
        return [links_from_posteriors(p, self._threshold) for p in self.posteriors(pairs)]

    def _sample(self, pairs: Sequence[WordPair]) -> list[WordPair]:
        return _sample([*pairs, *self._extra], self._options.max_cells)

    def _train(self, pairs: Sequence[WordPair]) -> _Trained:
        bitext = _Bitext(pairs)
        options = _fitting(self._options, bitext)
        share = np.float32(1 / len(options.stems))
        mean = (np.zeros(len(bitext.cell), np.float32), np.zeros(len(bitext.cell), np.float32))
        count = np.zeros(len(bitext.keys))
        jumps: list[Floats] = []
        for length in options.stems:
            pair = _train_agreeing(bitext, options, length, self._priors)
            cells = [direction.expect(hidden_markov=True) for direction in pair]
            for total, cell in zip(mean, cells, strict=True):
                total += cell * share
            count += bitext.sum_by_pair(cells[0] * cells[1]) * share
            jumps = [direction.jump for direction in pair]
        return _Trained(bitext, mean, count, (jumps[0], jumps[1]))


def _fitting(options: StatisticalOptions, bitext: _Bitext) -> StatisticalOptions:
    if len(bitext.rows) <= options.large:
        return options
    middle = options.stems[len(options.stems) // 2 :][:1]
    return replace(options, stems=middle, iterations=min(2, options.iterations))


def _sample(pairs: Sequence[WordPair], max_cells: int) -> list[WordPair]:
    """`pairs`, or evenly spaced ones of them with at most about `max_cells` word pairs."""
    sizes = np.array([len(p.source.offsets) * len(p.target.offsets) for p in pairs], dtype=np.int64)
    total = int(sizes.sum())
    if total <= max_cells:
        return list(pairs)
    step = -(-total // max_cells)
    return list(pairs[::step])


class _Side:
    """The words of one side of a bitext, as numbers."""

    def __init__(self, sentences: Sequence[Sequence[str]]) -> None:
        index: dict[str, int] = {}
        surface: dict[str, int] = {}
        self.ids = [
            np.array([_index(word, surface, index) for word in words], dtype=np.int64)
            for words in sentences
        ]
        self.words = list(index)
        self.index = index
        flat = np.concatenate([*self.ids, np.zeros(0, np.int64)])
        self.frequency = np.bincount(flat, minlength=len(index)).astype(np.float64)

    def stems(self, length: int) -> tuple[Ints, dict[str, int]]:
        index: dict[str, int] = {}
        ids = [index.setdefault(stem(word, length), len(index)) for word in self.words]
        return np.array(ids, dtype=np.int64), index


def _index(word: str, surface: dict[str, int], index: dict[str, int]) -> int:
    found = surface.get(word)
    if found is None:
        found = surface[word] = index.setdefault(normalize(word), len(index))
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """Sentence pairs of like size, padded: what is real of its cells, `valid` (batch, source,
    target), the words of both sides, each of shape (batch, words), and where its cells lie."""

    sentences: Ints
    valid: NDArray[np.bool_]
    words: tuple[Ints, Ints]
    place: slice


class _Bitext:
    """Sentence pairs laid out for EM.

    A *cell* is a (source word, target word) of one sentence pair, a *pair* one of their types. The
    cells of all batches lie end to end, with their padding, which belongs to a pair of its own
    after the real ones.
    """

    def __init__(self, pairs: Sequence[WordPair]) -> None:
        self.source = _Side([pair.source.strings() for pair in pairs])
        self.target = _Side([pair.target.strings() for pair in pairs])
        self.rows = np.array([len(ids) for ids in self.source.ids], dtype=np.int64)
        self.columns = np.array([len(ids) for ids in self.target.ids], dtype=np.int64)
        self.batches = list(self._batches())
        width = max(len(self.target.words), 1)
        padding = len(self.source.words) * width
        keys = [self._keys(batch, width, padding) for batch in self.batches]
        found, cell = distinct(np.concatenate([*keys, np.array([padding], dtype=np.int64)]))
        self.keys, self.cell = found[:-1], cell[:-1]
        self.pair_source, self.pair_target = self.keys // width, self.keys % width
        self.likeness = similarity(
            self.source.words, self.target.words, self.pair_source, self.pair_target
        )

    def _batches(self) -> Iterator[_Batch]:
        """Batches of pairs whose lengths differ little, so that padding costs little."""
        usable = np.flatnonzero(self.rows * self.columns)
        band = np.ceil(np.log(np.maximum(self.rows[usable], 1)) / np.log(_BAND))
        order = usable[np.lexsort((self.columns[usable], band))]
        band = np.sort(band)
        at = cells = 0
        while at < len(order):
            first = self.columns[order[at]]
            end = at + 1
            while (
                end < len(order)
                and end - at < 512
                and band[end] == band[at]
                and self.columns[order[end]] <= max(first * _BAND, first + 2)
            ):
                end += 1
            yield self._batch(order[at:end], cells)
            cells += int((end - at) * self.rows[order[at:end]].max() * self.columns[order[end - 1]])
            at = end

    def _batch(self, sentences: Ints, at: int) -> _Batch:
        rows, columns = self.rows[sentences], self.columns[sentences]
        row, column = np.arange(rows.max()), np.arange(columns.max())
        valid = (row[:, None] < rows[:, None, None]) & (column < columns[:, None, None])
        words = (_padded(side.ids, sentences) for side in (self.source, self.target))
        place = slice(at, at + valid.size)
        return _Batch(sentences, valid, (next(words), next(words)), place)

    @staticmethod
    def _keys(batch: _Batch, width: int, padding: int) -> Ints:
        source, target = batch.words
        keys = source[:, :, None] * width + target[:, None, :]
        return np.where(batch.valid, keys, padding).ravel()

    def sum_by_pair(self, cells: Singles) -> Floats:
        """The sum of every pair's cells, shape (pairs,)."""
        return np.bincount(self.cell, cells, len(self.keys) + 1)[:-1].astype(np.float64, copy=False)

    def split(self, forward: Singles, reverse: Singles) -> list[Posteriors]:
        """Flat cell probabilities as one `Posteriors` a sentence pair."""
        shapes = zip(self.rows.tolist(), self.columns.tolist(), strict=True)
        result = [Posteriors(*np.zeros((2, rows, columns), np.float32)) for rows, columns in shapes]
        for batch in self.batches:
            both = [flat[batch.place].reshape(batch.valid.shape) for flat in (forward, reverse)]
            for number, sentence in enumerate(batch.sentences.tolist()):
                soft = result[sentence]
                rows, columns = soft.forward.shape
                soft.forward[:] = both[0][number, :rows, :columns]
                soft.reverse[:] = both[1][number, :rows, :columns]
        return result


def _padded(ids: Sequence[Ints], sentences: Ints) -> Ints:
    rows = [ids[sentence] for sentence in sentences.tolist()]
    return np.array(list(itertools.zip_longest(*rows, fillvalue=0)), dtype=np.int64).T


class _Direction:
    """One HMM: every word of the generated side comes from a word of the given side, or none."""

    def __init__(
        self,
        bitext: _Bitext,
        reverse: bool,
        stem_length: int,
        options: StatisticalOptions,
        priors: Priors | None,
    ) -> None:
        self._bitext = bitext
        self._reverse = reverse
        self._options = options
        sides = (bitext.source, bitext.target)
        pairs = (bitext.pair_source, bitext.pair_target)
        self._given, self._generated = sides[::-1] if reverse else sides
        self._pair_given, self._pair_generated = pairs[::-1] if reverse else pairs
        (given_stem, _), (generated_stem, _) = (
            self._given.stems(stem_length),
            self._generated.stems(stem_length),
        )
        width = int(generated_stem.max(initial=0)) + 1
        keys = given_stem[self._pair_given] * width + generated_stem[self._pair_generated]
        stem_keys, self._pair_stem = distinct(keys)
        self._stem_given = stem_keys // width
        frequency = self._generated.frequency
        of_stem = np.bincount(generated_stem, frequency, width)[generated_stem]
        share = frequency / np.maximum(of_stem, 1.0)
        self._share_of_stem = share[self._pair_generated]
        floor = options.likeness_floor
        alike = np.maximum(bitext.likeness - floor, 0.0) / (1.0 - floor)
        self._boost = np.exp(options.likeness * alike)
        self._unigram = frequency / max(frequency.sum(), 1.0)
        self._null = self._unigram
        span = np.arange(-options.max_jump, options.max_jump + 1)
        self.jump: Floats = np.exp(-0.7 * np.abs(span - 1)) + 0.01
        self.jump /= self.jump.sum()
        self._prior_count = np.zeros(len(self._pair_given))
        self._prior_total = np.zeros(len(self._given.words))
        if priors is not None:
            self._prior_count, self._prior_total = priors.counts(bitext, reverse)
            self.jump = priors.jumps[int(reverse)]
        self.learn(None)

    def learn(self, cells: Singles | None) -> None:
        """The M step: the translation table from expected counts of the cells."""
        options = self._options
        base = np.full(len(self._pair_given), 1.0 / max(len(self._generated.words), 1))
        count = self._prior_count
        total = self._prior_total
        if cells is not None:
            own = self._bitext.sum_by_pair(cells)
            count = count + own
            total = total + np.bincount(self._pair_given, own, len(total))
        if cells is not None or self._prior_total.any():
            stems = np.bincount(self._pair_stem, count, len(self._stem_given))
            stem_total = np.bincount(self._stem_given, stems)
            known = (stems / (stem_total[self._stem_given] + 1.0))[self._pair_stem]
            share = options.stem_share
            base = (1.0 - share) * base + share * known * self._share_of_stem
        base = base * self._boost
        smoothing = options.smoothing
        self._table = (count + smoothing * base) / (total + smoothing)[self._pair_given]

    def learn_positions(self) -> None:
        """The M step of jump widths and of words without partner, after `expect`."""
        self.jump = (self._jump_counts + 1.0) / (self._jump_counts + 1.0).sum()

    def learn_null(self) -> None:
        """The M step of words without a partner, after `expect`."""
        smooth = self._null_counts + 10.0 * self._unigram
        self._null = smooth / max(smooth.sum(), _TINY)

    def expect(self, hidden_markov: bool) -> Singles:
        """The E step: the probability of every cell."""
        result = np.empty(len(self._bitext.cell), np.float32)
        cells = np.append(self._table, 0.0).astype(np.float32)[self._bitext.cell]
        absent = self._null.astype(np.float32)
        self._null_counts = np.zeros(len(self._generated.words))
        self._jump_counts = np.zeros_like(self.jump)
        for batch in self._bitext.batches:
            valid = batch.valid
            emit = cells[batch.place].reshape(valid.shape)
            if self._reverse:
                emit, valid = emit.transpose(0, 2, 1), valid.transpose(0, 2, 1)
            words = batch.words[int(not self._reverse)]
            real = valid[:, 0, :]
            null = np.where(real, absent[words], np.float32(1.0))
            run = self._forward_backward if hidden_markov else self._mixture
            linked, unlinked = run(np.ascontiguousarray(emit), null, valid)
            self._null_counts += np.bincount(
                words[real], unlinked[real], minlength=len(self._null_counts)
            )
            if self._reverse:
                linked = linked.transpose(0, 2, 1)
            result[batch.place] = linked.ravel()
        return result

    def _mixture(
        self, emit: Singles, null: Singles, valid: NDArray[np.bool_]
    ) -> tuple[Singles, Singles]:
        """Every word on its own, near the diagonal rather than far (fast_align's prior)."""
        given, generated = (
            side.sum(axis=1, dtype=np.float32) for side in (valid[:, :, 0], valid[:, 0, :])
        )
        place = (np.arange(valid.shape[1], dtype=np.float32) + 0.5) / given[:, None]
        other = (np.arange(valid.shape[2], dtype=np.float32) + 0.5) / generated[:, None]
        distance = np.abs(place[:, :, None] - other[:, None, :])
        near = np.exp(-self._options.diagonal * distance) * valid
        near /= np.maximum(near.sum(axis=1, keepdims=True), _TINY)
        linked = emit * near * (1.0 - self._options.null)
        unlinked = self._options.null * null
        total = np.maximum(linked.sum(axis=1) + unlinked, _TINY)
        return linked / total[:, None, :], unlinked / total

    def _forward_backward(
        self, emit: Singles, null: Singles, valid: NDArray[np.bool_]
    ) -> tuple[Singles, Singles]:
        """Scaled forward-backward; an unlinked word remembers the last position (Och & Ney 2003).

        `emit` has shape (batch, given, generated). Transitions are the jump widths divided by what
        is within the sentence, so that the same jumps serve the whole batch.
        """
        sentences, given, generated = emit.shape
        inside = valid[:, :, 0].astype(np.float32)
        widths = self.jump.astype(np.float32)
        jumps = (_Jumps if given <= _DENSE else _LongJumps)(widths, given)
        leaving = np.maximum(jumps.back(inside), np.float32(_TINY))
        scale = ((1.0 - self._options.null) * inside / leaving).astype(np.float32)
        skip = self._options.null
        limit = self._options.max_jump
        start = widths[np.clip(np.arange(given) + 1, 0, limit) + limit] * inside
        start /= start.sum(axis=1, keepdims=True)
        linked = np.empty((generated, sentences, given), np.float32)
        either = np.empty((generated, sentences, given), np.float32)
        norm = np.empty((generated, sentences, 1), np.float32)
        ones = np.ones((given, 1), np.float32)
        for step in range(generated):
            if step:
                before = either[step - 1]
                here = jumps.ahead(before * scale) * emit[:, :, step]
            else:
                before = start
                here = start * (1.0 - skip) * emit[:, :, 0]
            both = here + before * (skip * null[:, step, None])
            total = np.maximum(both @ ones, _TINY)
            linked[step], either[step], norm[step] = here / total, both / total, total
        return self._backward(emit, null, valid, linked, either, norm, jumps, scale)

    def _backward(
        self,
        emit: Singles,
        null: Singles,
        valid: NDArray[np.bool_],
        linked: Singles,
        either: Singles,
        norm: Singles,
        jumps: _Jumps | _LongJumps,
        scale: Singles,
    ) -> tuple[Singles, Singles]:
        """The way back. `linked` and `either` (linked or not) are the forward probabilities of
        each position, of shape (generated, batch, given). What is given for padding means nothing.
        """
        sentences, given, generated = emit.shape
        ones = np.ones((given, 1), np.float32)
        after = np.ones((sentences, given), np.float32)
        result = np.empty((generated, sentences, given), np.float32)
        for step in range(generated - 1, -1, -1):
            result[step] = linked[step] * after
            result[step] /= np.maximum((either[step] * after) @ ones, _TINY)
            if step == 0:
                break
            message = emit[:, :, step] * after / norm[step]
            before = either[step - 1] * scale
            real = valid[:, 0, step][:, None]
            padded = not real.all()
            jumps.count(before * real if padded else before, message)
            back = jumps.back(message) * scale
            back += self._options.null * null[:, step, None] / norm[step] * after
            after = np.where(real, back, np.float32(1.0)) if padded else back
        self._jump_counts += jumps.counted()
        return result.transpose(1, 2, 0), 1.0 - (result @ ones)[:, :, 0].T


class _Jumps:
    """Moves from position to position of `given` words, by their widths from -limit to limit;
    the outermost stand for all that are wider."""

    def __init__(self, widths: Singles, given: int) -> None:
        limit = len(widths) // 2
        width = np.arange(given)[None, :] - np.arange(given)[:, None]
        self._width = np.clip(width, -limit, limit) + limit
        self._jump = widths[self._width]
        self._moves = np.zeros((given, given), np.float32)
        self._widths = len(widths)

    def ahead(self, weights: Singles) -> Singles:
        """What goes to each position, of weights by position, shape (batch, given)."""
        result: Singles = weights @ self._jump
        return result

    def back(self, weights: Singles) -> Singles:
        """What each position gets from those that it goes to."""
        result: Singles = weights @ self._jump.T
        return result

    def count(self, before: Singles, after: Singles) -> None:
        """Add moves with the products of these weights."""
        self._moves += before.T @ after

    def counted(self) -> Floats:
        """How often each width was taken."""
        moves = (self._moves * self._jump).ravel()
        return np.bincount(self._width.ravel(), moves, self._widths).astype(np.float64)


class _LongJumps:
    """The same for long sentences, in steps that grow with the words and not with their square:
    near positions by windows, the far ones, which weigh alike, by running sums."""

    def __init__(self, widths: Singles, given: int) -> None:
        self._widths = widths
        self._limit = len(widths) // 2
        self._counts = np.zeros(len(widths))

    def ahead(self, weights: Singles) -> Singles:
        """What goes to each position, of weights by position, shape (batch, given)."""
        return self._reached(weights) @ self._widths[::-1]

    def back(self, weights: Singles) -> Singles:
        """What each position gets from those that it goes to."""
        return self._reached(weights) @ self._widths

    def count(self, before: Singles, after: Singles) -> None:
        """Add moves with the products of these weights."""
        self._counts += np.einsum("bi,biw->w", before, self._reached(after))

    def counted(self) -> Floats:
        """How often each width was taken."""
        return self._counts * self._widths

    def _reached(self, weights: Singles) -> Singles:
        """The weights at every width from every position, shape (batch, given, widths): the sum of
        all that are as far or farther at both ends."""
        limit = self._limit
        padded = np.pad(weights, ((0, 0), (limit, limit)))
        result = np.lib.stride_tricks.sliding_window_view(padded, 2 * limit + 1, axis=1).copy()
        sums = np.cumsum(padded, axis=1, dtype=np.float64)
        given = weights.shape[1]
        result[:, :, 0] = sums[:, :given]
        result[:, :, -1] = sums[:, -1:] - sums[:, 2 * limit - 1 : -1]
        return result


def _train_agreeing(
    bitext: _Bitext, options: StatisticalOptions, stem_length: int, priors: Priors | None
) -> tuple[_Direction, _Direction]:
    pair = (
        _Direction(bitext, False, stem_length, options, priors),
        _Direction(bitext, True, stem_length, options, priors),
    )
    schedule = [False] * options.first_iterations + [True] * options.iterations
    for hidden_markov in schedule:
        forward, reverse = (direction.expect(hidden_markov) for direction in pair)
        agreed = forward * reverse
        for direction in pair:
            direction.learn(agreed)
            direction.learn_null()
            if hidden_markov:
                direction.learn_positions()
    return pair


@dataclass(frozen=True, slots=True)
class Priors:
    """Expected link counts of word pairs, and jump widths, learned from a bitext.

    `source[i]` and `target[i]` are the words of pair i, `count` has shape (pairs,) and `jumps` are
    two arrays of shape (2 * max_jump + 1,), forward and reverse.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    count: Floats
    jumps: tuple[Floats, Floats]

    def counts(self, bitext: _Bitext, reverse: bool) -> tuple[Floats, Floats]:
        """Counts of the bitext's pairs, shape (pairs,), and totals of its given words."""
        value = self.count
        left = _lookup(self.source, bitext.source.index)
        right = _lookup(self.target, bitext.target.index)
        given, side = (right, bitext.target) if reverse else (left, bitext.source)
        known = given >= 0
        total = np.bincount(given[known], value[known], minlength=len(side.words))
        both = (left >= 0) & (right >= 0)
        keys = left[both] * max(len(bitext.target.words), 1) + right[both]
        at = np.searchsorted(bitext.keys, keys)
        at = np.minimum(at, max(len(bitext.keys) - 1, 0))
        count = np.zeros(len(bitext.keys))
        if len(bitext.keys):
            hit = bitext.keys[at] == keys
            np.add.at(count, at[hit], value[both][hit])
        return count, np.asarray(total, dtype=np.float64)


def _lookup(words: Sequence[str], index: dict[str, int]) -> Ints:
    return np.fromiter((index.get(word, -1) for word in words), np.int64, len(words))


@dataclass(frozen=True, slots=True)
class _Trained:
    """A bitext, the probabilities of its cells in both directions, and what they teach."""

    bitext: _Bitext
    mean: tuple[Singles, Singles]
    count: Floats
    """Expected links of every pair."""
    jumps: tuple[Floats, Floats]

    def priors(self, earlier: Priors | None) -> Priors:
        """What was learned, on top of what was known before."""
        table: dict[tuple[str, str], float] = {}
        if earlier is not None:
            known = zip(earlier.source, earlier.target, strict=True)
            table = dict(zip(known, earlier.count.tolist(), strict=True))
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


def _apply(
    pairs: Sequence[WordPair], model: Priors, options: StatisticalOptions
) -> list[Posteriors]:
    """The E step alone, in parts that fit into memory."""
    result: list[Posteriors] = []
    at = 0
    while at < len(pairs):
        end, cells = at, 0
        while end < len(pairs) and (end == at or cells < options.max_cells // 4):
            cells += len(pairs[end].source.offsets) * len(pairs[end].target.offsets)
            end += 1
        bitext = _Bitext(pairs[at:end])
        mean = [np.zeros(len(bitext.cell), np.float32) for _ in range(2)]
        fitting = _fitting(options, bitext)
        share = np.float32(1 / len(fitting.stems))
        for length in fitting.stems:
            for reverse in (False, True):
                direction = _Direction(bitext, reverse, length, fitting, model)
                mean[int(reverse)] += direction.expect(hidden_markov=True) * share
        result.extend(bitext.split(mean[0], mean[1]))
        at = end
    return result


def save_priors(path: str | Path, priors: Priors) -> None:
    """Write priors as an Arrow IPC file; raises `UserError` where that cannot be."""
    table = pa.table(
        {
            "source": pa.array(priors.source, pa.string()),
            "target": pa.array(priors.target, pa.string()),
            "count": pa.array(priors.count, pa.float64()),
        },
        metadata={
            "format": _FORMAT,
            "jumps": json.dumps([jump.tolist() for jump in priors.jumps]),
        },
    )
    with (
        replacing(Path(path)) as temporary,
        pa.OSFile(str(temporary), "wb") as file,
        pa.ipc.new_file(file, table.schema) as writer,
    ):
        writer.write_table(table)


def load_priors(path: str | Path) -> Priors:
    """Read priors; raises `UserError` where there is no such file or it is none of ours."""
    try:
        with reading(Path(path)), pa.memory_map(str(path)) as file:
            table = pa.ipc.open_file(file).read_all()
        metadata = table.schema.metadata or {}
        if metadata.get(b"format") != _FORMAT.encode():
            raise ValueError("no priors")
        jumps = [np.array(jump, dtype=np.float64) for jump in json.loads(metadata[b"jumps"])]
        columns = {name: table.column(name) for name in ("source", "target", "count")}
        first, second = jumps
    except (pa.ArrowInvalid, KeyError, ValueError) as error:
        raise UserError("not a file of alignment priors", file=path) from error
    return Priors(
        tuple(columns["source"].to_pylist()),
        tuple(columns["target"].to_pylist()),
        columns["count"].to_numpy().astype(np.float64),
        (first, second),
    )
