"""What is too long for tables of all words of a text against all of another's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from alignment.protocol import Posteriors, SegmentAlignment, WordPair
from corpora.records import Span

MAX_CELLS = 4_000_000
"""Most cells of a table of words or pieces of a sentence pair, such as 2,000 words on both sides:
16 MB in single precision. Longer pairs are not aligned."""
MAX_ATTENTION = 1 << 18
"""Most numbers of a sentence's attention that a translator joins from several parts."""
TEXT_TOO_LONG = "text-too-long"
"""Why a span has no place in a translation that is too long to be aligned."""


def is_too_long(pair: WordPair) -> bool:
    """Whether the words of `pair` make more than `MAX_CELLS` cells."""
    return len(pair.source.offsets) * len(pair.target.offsets) > MAX_CELLS


def no_links(sources: int, targets: int) -> Posteriors:
    """The soft alignment without any link of `sources` and `targets` words.

    Its tables can only be read, and take no memory at any size.
    """
    zeros = np.broadcast_to(np.float32(0.0), (sources, targets))
    return Posteriors(zeros, zeros)


def posteriors_of_short(
    pairs: Sequence[WordPair], posteriors: Callable[[list[WordPair]], list[Posteriors]]
) -> list[Posteriors]:
    """What `posteriors` gives for those of `pairs` that are not too long; others have no links."""
    short_pairs = [pair for pair in pairs if not is_too_long(pair)]
    short = iter(posteriors(short_pairs) if short_pairs else ())
    return [
        no_links(len(pair.source.offsets), len(pair.target.offsets))
        if is_too_long(pair)
        else next(short)
        for pair in pairs
    ]


def blocks(sizes: Sequence[int], most: int) -> list[slice]:
    """Stretches of things of the given `sizes` that are no larger than `most` together, or one."""
    result, at, size = [], 0, 0
    for index, added in enumerate(sizes):
        if size and size + added > most:
            result.append(slice(at, index))
            at, size = index, 0
        size += added
    return [*result, slice(at, len(sizes))] if at < len(sizes) else result


def is_unattended(segment: SegmentAlignment) -> bool:
    """Whether `segment` has no attention because it is too long for it."""
    pieces = len(segment.source_pieces) * len(segment.target_pieces)
    return segment.attention is None and pieces > MAX_ATTENTION


class SourceRanges:
    """The stretches of a source text that some `segments` of it, in text order, take up."""

    def __init__(self, segments: Iterable[SegmentAlignment]) -> None:
        ranges = [
            (segment.source_pieces[0][0], segment.source_pieces[-1][1])
            for segment in segments
            if segment.source_pieces
        ]
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def touch(self, span: Span) -> bool:
        """Whether a letter of `span` is in one of them."""
        at = bisect_right(self._ends, span.start)
        return at < len(self._starts) and self._starts[at] < span.end
