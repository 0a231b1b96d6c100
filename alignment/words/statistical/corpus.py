"""A bitext of any size, aligned without holding it in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from alignment.protocol import WordAlignment, WordPair, Words
from alignment.words.statistical.aligner import StatisticalAligner
from alignment.words.statistical.options import StatisticalOptions

MAX_WORDS = 1000
"""Pairs with more words on a side get no links: their tables would fill the memory."""
_TOGETHER = 4096
"""Pairs whose link tables are in memory together."""
_NO_WORDS = WordPair(Words("", ()), Words("", ()))


def align_corpus(pairs: Iterable[WordPair]) -> Iterator[WordAlignment]:
    """The links of all `pairs`, in order, by a `StatisticalAligner`.

    `pairs` is iterated over three times, so it must not be an iterator. The aligner learns from an
    even sample of them, as large as its options allow, and is then applied to all. A pair with more
    than `MAX_WORDS` words on a side gets no links.
    """
    cells = sum(map(_cells, pairs))
    step = -(-cells // StatisticalOptions().max_cells) or 1
    aligner = StatisticalAligner().fit(
        [pair for pair in islice(pairs, 0, None, step) if _cells(pair)]
    )
    left = iter(pairs)
    while batch := list(islice(left, _TOGETHER)):
        yield from aligner.align([pair if _cells(pair) else _NO_WORDS for pair in batch])


def _cells(pair: WordPair) -> int:
    """Pairs of words, none for a pair that is too long to be aligned."""
    counts = len(pair.source.offsets), len(pair.target.offsets)
    return 0 if max(counts) > MAX_WORDS else counts[0] * counts[1]
