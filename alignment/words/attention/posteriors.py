"""Attention between subword pieces as soft alignment between words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from alignment.limits import no_links
from alignment.protocol import Posteriors, SegmentAlignment, WordPair

Ints = NDArray[np.int64]
Offsets = Sequence[tuple[int, int]]

_LEAST_ATTENDED = 0.3
"""Least attention of a source word that has a partner for certain: a compound of three words gives
each a third. One that gets less may have none."""

_TOGETHER = 300_000
"""Attention weights that are computed at once."""


def attention_posteriors(
    segments: Sequence[SegmentAlignment], pairs: Sequence[WordPair]
) -> list[Posteriors]:
    """The soft alignment of the words of `pairs` from the attention of their `segments`.

    A piece's attention is shared among the words it touches by their letters; a word's is the mean
    over its pieces. The reverse direction is the same attention, normalised per source word. A
    segment without attention gives zeros. The offsets of a segment and its pair must be into the
    same texts.
    """
    shapes = [(len(pair.source.offsets), len(pair.target.offsets)) for pair in pairs]
    result = [no_links(*shape) for shape in shapes]
    attended = [
        row
        for row, (segment, shape) in enumerate(zip(segments, shapes, strict=True))
        if 0 not in shape and _size(segment)
    ]
    # The pairs are many and small, so they are computed together, some thousands at a time.
    at, size = 0, 0
    for index, row in enumerate(attended):
        size += _size(segments[row])
        if size > _TOGETHER or index == len(attended) - 1:
            rows = attended[at : index + 1]
            block = _posteriors([segments[i] for i in rows], [pairs[i] for i in rows])
            for number, soft in zip(rows, block, strict=True):
                result[number] = soft
            at, size = index + 1, 0
    return result


def _size(segment: SegmentAlignment) -> int:
    return 0 if segment.attention is None else segment.attention.size


def _posteriors(
    segments: Sequence[SegmentAlignment], pairs: Sequence[WordPair]
) -> list[Posteriors]:
    """`attention_posteriors` of pairs that all have words and attention."""
    tables = [segment.attention for segment in segments if segment.attention is not None]
    source = _overlaps(
        [segment.source_pieces for segment in segments], [pair.source.offsets for pair in pairs]
    )
    target = _overlaps(
        [segment.target_pieces for segment in segments], [pair.target.offsets for pair in pairs]
    )
    of_piece = source.letters / _totals(source.row, source.piece, source.letters)
    of_word = target.letters / _totals(target.row, target.word, target.letters)
    # Every entry of a row's target side is paired with every entry of its source side.
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
        Posteriors(*(direction[start : start + s * t].reshape(s, t) for direction in flat))
        for start, s, t in shapes
    ]


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """Pieces and words of a row that share code points: arrays of shape (entries,), by row."""

    row: Ints
    piece: Ints
    word: Ints
    letters: Ints


def _overlaps(pieces: Sequence[Offsets], words: Sequence[Offsets]) -> _Overlaps:
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
    return _Overlaps(piece_row[left], piece[left], word[right], letters[some])


def _flat(rows: Sequence[Offsets]) -> tuple[Ints, Ints, Ints]:
    """(row, index in the row, offsets of shape (n, 2)) of everything in `rows`."""
    count = np.array([len(row) for row in rows], dtype=np.int64)
    numbers = chain.from_iterable(chain.from_iterable(rows))
    offsets = np.fromiter(numbers, np.int64, 2 * int(count.sum())).reshape(-1, 2)
    row = np.repeat(np.arange(len(rows)), count)
    return row, np.arange(len(row)) - _starts(count)[row], offsets


def _starts(count: Ints) -> Ints:
    """Where each of some stretches begins when they are laid end to end."""
    return np.asarray(np.cumsum(count) - count)


def _totals(row: Ints, number: Ints, values: Ints) -> NDArray[np.float64]:
    """Of every entry, the sum of `values` over the entries of the same row and number."""
    key = row * (1 + int(number.max(initial=0))) + number
    return np.asarray(np.bincount(key, values)[key])
