"""The words of a batch of rows as numbers: identity, stem, shape, frequency, once a word type."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from alignment.distinct import distinct
from alignment.lexical import CACHED_WORDS, normalize, similarity, stem
from alignment.protocol import WordPair

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

STEM_LENGTH = 5
_INSIDE_WORDS = ("'", "\u2019", "-", "\u2010", "\u2011")
FREQUENCY_BINS = 8


class Shape(IntEnum):
    """How a word is written."""

    DIGITS = 0
    PUNCTUATION = 1
    CAPITALS = 2
    CAPITALIZED = 3
    OTHER = 4


@lru_cache(CACHED_WORDS)
def word_shape(word: str) -> Shape:
    """The `Shape` of `word`."""
    if any(char.isdigit() for char in word):
        return Shape.DIGITS
    if not any(char.isalnum() for char in word):
        return Shape.PUNCTUATION
    if len(word) > 1 and word.isupper():
        return Shape.CAPITALS
    return Shape.CAPITALIZED if word[0].isupper() else Shape.OTHER


class Lexicon:
    """Word types of both sides of a batch; every array has shape (types,).

    A type is a surface form, so that shapes are known; `word` and `stem` are the numbers of its
    normalized form and of its stem, shared by both sides.
    """

    def __init__(self, pairs: Sequence[WordPair]) -> None:
        types: dict[str, int] = {}
        self.sources = [_number(pair.source.strings(), types) for pair in pairs]
        self.targets = [_number(pair.target.strings(), types) for pair in pairs]
        self.types = list(types)
        words: dict[str, int] = {}
        stems: dict[str, int] = {}
        forms = [normalize(text) for text in self.types]
        self.word = _ints(words.setdefault(form, len(words)) for form in forms)
        self.stem = _ints(stems.setdefault(stem(form, STEM_LENGTH), len(stems)) for form in forms)
        self.words, self.stems = len(words), len(stems)
        self.word_index = words
        self.shape = _ints(word_shape(text) for text in self.types)
        # What is inside words, as in `parents'` and `e-mail`, is no mark that a span should keep.
        self.mark = (self.shape == Shape.PUNCTUATION) & ~np.isin(self.types, _INSIDE_WORDS)
        self.length = _ints(len(text) for text in self.types)
        # A capital's own number, 0 for a word that does not begin with one: acronyms are made
        # of these.
        self.initial = _ints(
            ord(text[0].lower()) if text[0].isupper() else 0 for text in self.types
        )
        self.source_count = self._count(self.sources)
        self.target_count = self._count(self.targets)
        self.target_stem_count = np.bincount(
            self.stem[_joined(self.targets)], minlength=self.stems
        ).astype(np.float64)
        self._likeness: dict[tuple[int, int], float] = {}

    def _count(self, side: list[Ints]) -> Floats:
        return np.bincount(self.word[_joined(side)], minlength=self.words).astype(np.float64)

    def frequency_bin(self, types: Ints, count: Floats) -> Ints:
        """Doubling steps of a word's frequency, at most `FREQUENCY_BINS` - 1."""
        bins = np.log2(np.maximum(count[self.word[types]], 1.0)).astype(np.int64)
        return np.minimum(bins, FREQUENCY_BINS - 1)

    def likeness(self, rows: Ints, columns: Ints) -> Floats:
        """Look-alike scores of source types `rows` and target types `columns`."""
        keys, back = distinct(rows * len(self.types) + columns)
        width = max(len(self.types), 1)
        alike = similarity(self.types, self.types, keys // width, keys % width)
        return alike[back]


def _number(words: Sequence[str], types: dict[str, int]) -> Ints:
    return np.array([types.setdefault(word, len(types)) for word in words], dtype=np.int64)


def _ints(values) -> Ints:  # type: ignore[no-untyped-def]
    return np.fromiter(values, np.int64)


def _joined(parts: list[Ints]) -> Ints:
    return np.fromiter(chain.from_iterable(parts), np.int64)
