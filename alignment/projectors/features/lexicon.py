"""The words of a batch of rows as numbers: identity, stem, shape, frequency, per word type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import chain

import numpy as np

from alignment.projectors.features.arrays import Floats, Ints
from alignment.protocol import WordPair
from alignment.unique import unique_with_inverse
from alignment.words.similarity import CACHED_WORDS, normalize, similarity, stem

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


def lower_case(letter: str) -> int:
    """The code point of the lower case of one `letter`, whatever stands around it.

    Of a lower case that has several code points it is the first: that of `İ` is `i` and a dot.
    """
    return ord(letter.lower()[0])


class Lexicon:
    """Word types of both sides of a batch of `pairs`.

    A type is a surface form, so that shapes are known; `sources` and `targets` have the types of
    every pair's words. `types[i]` is the text of type i; `word` and `stem` are the numbers of its
    normalised form and of its stem, shared by both sides, of which there are `words` and `stems`;
    `word_index` has the number of every normalised form. `shape`, `mark` (punctuation that a span
    should keep), `length` in letters and `initial` (the code point of a capital's lower case, 0 for
    a word without one) have shape (types,). `source_count` and `target_count`, of shape (words,),
    and `target_stem_count`, of shape (stems,), are frequencies.
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
        # Acronyms are made of these.
        self.initial = _ints(lower_case(text[0]) if text[0].isupper() else 0 for text in self.types)
        self.source_count = self._count(self.sources)
        self.target_count = self._count(self.targets)
        self.target_stem_count: Floats = np.bincount(
            self.stem[_joined(self.targets)], minlength=self.stems
        ).astype(np.float64)

    def _count(self, side: list[Ints]) -> Floats:
        return np.bincount(self.word[_joined(side)], minlength=self.words).astype(np.float64)

    def frequency_bin(self, types: Ints, count: Floats) -> Ints:
        """Doubling steps of the frequency of `types`, at most `FREQUENCY_BINS` - 1.

        `count` is one of the frequencies of this lexicon's words.
        """
        bins = np.log2(np.maximum(count[self.word[types]], 1.0)).astype(np.int64)
        return np.minimum(bins, FREQUENCY_BINS - 1)

    def likeness(self, rows: Ints, columns: Ints) -> Floats:
        """How alike the types `rows[i]` and `columns[i]` look; see `similarity`."""
        keys, inverse = unique_with_inverse(rows * len(self.types) + columns)
        width = max(len(self.types), 1)
        alike = similarity(self.types, self.types, keys // width, keys % width)
        return alike[inverse]


def _number(words: Sequence[str], types: dict[str, int]) -> Ints:
    return np.array([types.setdefault(word, len(types)) for word in words], dtype=np.int64)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)


def _joined(parts: list[Ints]) -> Ints:
    return np.fromiter(chain.from_iterable(parts), np.int64)
