"""Word alignment from a translator's attention, of its own pass or of forced decoding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.protocol import Posteriors, SegmentAlignment, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors

_LEAST_ATTENDED = 0.3
"""A source word that gets at least so much attention has a partner: a compound of three words
gives each a third. One that gets less may have none."""

_TOGETHER = 300_000
"""Attention weights that are worked out at once."""


class Forced(Protocol):
    """What forced decoding gives of one text, as `translators.protocol.Hypothesis` does."""

    @property
    def source_pieces(self) -> tuple[tuple[int, int], ...]:
        """Offsets into the source."""
        ...

    @property
    def target_pieces(self) -> tuple[tuple[int, int], ...]:
        """Offsets into the translation."""
        ...

    @property
    def attention(self) -> NDArray[np.float32] | None:
        """Soft alignment of shape (target pieces, source pieces)."""
        ...


class ForcingTranslator(Protocol):
    """A translator that can be made to say a given translation."""

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> Sequence[Forced]:
        """Score given translations; see `translators.protocol.Translator.force`."""
        ...


class AttentionAligner:
    """Aligns a bitext by forced decoding, with a reverse model in both directions.

    `source` and `target` are the languages' BCP 47 tags. Where the model gives no attention for a
    pair, that pair has no links.
    """

    name = "attention"

    def __init__(
        self,
        translator: ForcingTranslator,
        source: str,
        target: str,
        reverse: ForcingTranslator | None = None,
        threshold: float = 0.4,
    ) -> None:
        self._translator = translator
        self._reverse = reverse
        self._source = source
        self._target = target
        self._threshold = threshold

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Attention as link probabilities, each of shape (source, target) words."""
        if not pairs:
            return []
        sources = [_text(pair.source) for pair in pairs]
        targets = [_text(pair.target) for pair in pairs]
        found = self._translator.force(sources, targets, self._source, self._target)
        bare = [WordPair(_shifted(pair.source), _shifted(pair.target)) for pair in pairs]
        result = attention_posteriors([_segment(hypothesis) for hypothesis in found], bare)
        if self._reverse is None:
            return result
        back = self._reverse.force(targets, sources, self._target, self._source)
        others = attention_posteriors(
            [_segment(hypothesis) for hypothesis in back],
            [WordPair(pair.target, pair.source) for pair in bare],
        )
        return [
            Posteriors(one.forward, np.ascontiguousarray(other.forward.T))
            for one, other in zip(result, others, strict=True)
        ]

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links whose mean probability over both directions is at least the threshold."""
        return [links_from_posteriors(soft, self._threshold) for soft in self.posteriors(pairs)]


def _segment(hypothesis: Forced) -> SegmentAlignment:
    return SegmentAlignment(
        hypothesis.source_pieces, hypothesis.target_pieces, hypothesis.attention
    )


def _text(words: Words) -> str:
    """The stretch of text that `words` take up."""
    return words.text[words.offsets[0][0] : words.offsets[-1][1]] if words.offsets else ""


def _shifted(words: Words) -> Words:
    base = words.offsets[0][0] if words.offsets else 0
    return Words(_text(words), tuple((start - base, end - base) for start, end in words.offsets))


def attention_posteriors(
    segments: Sequence[SegmentAlignment], pairs: Sequence[WordPair]
) -> list[Posteriors]:
    """Attention between pieces as link probabilities between words, (source, target) words.

    A piece's attention is shared among the words it touches by their letters; a word's is the mean
    over its pieces. The reverse direction is the same attention seen from the source word.
    """
    shapes = [(len(pair.source.offsets), len(pair.target.offsets)) for pair in pairs]
    result = [Posteriors(np.zeros(s, np.float32), np.zeros(s, np.float32)) for s in shapes]
    known = [
        row
        for row, (segment, shape) in enumerate(zip(segments, shapes, strict=True))
        if 0 not in shape and _size(segment)
    ]
    # The pairs are many and small, so they are worked out together, some thousands at a time.
    at, size = 0, 0
    for index, row in enumerate(known):
        size += _size(segments[row])
        if size > _TOGETHER or index == len(known) - 1:
            rows = known[at : index + 1]
            found = _posteriors([segments[i] for i in rows], [pairs[i] for i in rows])
            for place, soft in zip(rows, found, strict=True):
                result[place] = soft
            at, size = index + 1, 0
    return result


def _size(segment: SegmentAlignment) -> int:
    return 0 if segment.attention is None else segment.attention.size


def _posteriors(
    segments: Sequence[SegmentAlignment], pairs: Sequence[WordPair]
) -> list[Posteriors]:
    tables = [segment.attention for segment in segments if segment.attention is not None]
    source = _shared_letters(
        [segment.source_pieces for segment in segments], [pair.source.offsets for pair in pairs]
    )
    target = _shared_letters(
        [segment.target_pieces for segment in segments], [pair.target.offsets for pair in pairs]
    )
    of_piece = source.letters / _totals(source.row, source.piece, source.letters)
    of_word = target.letters / _totals(target.row, target.word, target.letters)
    # Every entry of a row's target side meets every entry of its source side.
    count = np.bincount(source.row, minlength=len(tables))
    repeats = count[target.row]
    left = np.repeat(np.arange(len(repeats)), repeats)
    row = target.row[left]
    right = _starts(count)[row] + np.arange(len(left)) - np.repeat(_starts(repeats), repeats)
    columns = np.array([table.shape[1] for table in tables])
    table_at = _starts(np.array([table.size for table in tables]))
    attended = np.concatenate([table.ravel() for table in tables])[
        table_at[row] + target.piece[left] * columns[row] + source.piece[right]
    ]
    heights = np.array([len(pair.source.offsets) for pair in pairs])
    widths = np.array([len(pair.target.offsets) for pair in pairs])
    at = _starts(heights * widths)
    cell = at[row] + source.word[right] * widths[row] + target.word[left]
    weight = of_word[left] * attended * of_piece[right]
    forward = np.clip(np.bincount(cell, weight, int((heights * widths).sum())), 0.0, 1.0)
    word = np.repeat(np.arange(int(heights.sum())), np.repeat(widths, heights))
    reverse = forward / np.maximum(np.bincount(word, forward), _LEAST_ATTENDED)[word]
    flat = (forward.astype(np.float32), reverse.astype(np.float32))
    shapes = zip(at.tolist(), heights.tolist(), widths.tolist(), strict=True)
    return [
        Posteriors(*(one[start : start + s * t].reshape(s, t) for one in flat))
        for start, s, t in shapes
    ]


@dataclass(frozen=True, slots=True)
class _SharedLetters:
    """Pieces and words of a row that share code points: arrays of shape (entries,), by row."""

    row: NDArray[np.int64]
    piece: NDArray[np.int64]
    word: NDArray[np.int64]
    letters: NDArray[np.int64]


def _shared_letters(
    pieces: Sequence[Sequence[tuple[int, int]]], words: Sequence[Sequence[tuple[int, int]]]
) -> _SharedLetters:
    """The overlaps of every row's pieces and words, by half-open offsets; words are in order."""
    piece_row, piece, pieces_at = _flat(pieces)
    word_row, word, words_at = _flat(words)
    # Rows are laid end to end, so that one search finds the words of all pieces.
    stride = 1 + max(int(offsets.max(initial=0)) for offsets in (pieces_at, words_at))
    pieces_at += piece_row[:, None] * stride
    words_at += word_row[:, None] * stride
    first = np.searchsorted(words_at[:, 1], pieces_at[:, 0], side="right")
    last = np.searchsorted(words_at[:, 0], pieces_at[:, 1], side="left")
    count = np.maximum(last - first, 0)
    left = np.repeat(np.arange(len(count)), count)
    right = first[left] + np.arange(len(left)) - np.repeat(_starts(count), count)
    ends = np.minimum(pieces_at[left, 1], words_at[right, 1])
    letters = ends - np.maximum(pieces_at[left, 0], words_at[right, 0])
    some = letters > 0
    left, right = left[some], right[some]
    return _SharedLetters(piece_row[left], piece[left], word[right], letters[some])


def _flat(
    rows: Sequence[Sequence[tuple[int, int]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """(row, index in the row, offsets of shape (n, 2)) of everything in `rows`."""
    count = np.array([len(row) for row in rows], dtype=np.int64)
    numbers = chain.from_iterable(chain.from_iterable(rows))
    offsets = np.fromiter(numbers, np.int64, 2 * int(count.sum())).reshape(-1, 2)
    row = np.repeat(np.arange(len(rows)), count)
    return row, np.arange(len(row)) - _starts(count)[row], offsets


def _starts(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of some stretches begins when they are laid end to end."""
    return np.asarray(np.cumsum(count) - count)


def _totals(
    row: NDArray[np.int64], number: NDArray[np.int64], values: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Of every entry, the sum of `values` over the entries of the same row and number."""
    key = row * (1 + int(number.max(initial=0))) + number
    return np.asarray(np.bincount(key, values)[key])
