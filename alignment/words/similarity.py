"""Words that look alike, across scripts, and the normalised forms that words are counted by.

Names, numbers, dates and cognates often keep their form in translation. Words are compared by
their character n-grams after transliteration to ASCII (anyascii), so that `Москва` is like
`Moscow` and `Zürich` like `Zurich`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import numpy as np
import scipy.sparse as sp
from anyascii import anyascii
from numpy.typing import NDArray

from corpora.text.normalisation import fold

_CHUNK = 200_000
_GRAMS = 1 << 24
"""Number of hashes that identify n-grams, so that no table of them grows with the corpus."""
CACHED_WORDS = 1 << 14
"""Size of the cache of words' forms: the common words are in every batch."""


@lru_cache(CACHED_WORDS)
def normalize(word: str) -> str:
    """The form of `word` by which it counts as the same word: NFKC, case folded."""
    return fold(word)


@lru_cache(CACHED_WORDS)
def romanize(word: str) -> str:
    """`word` normalised and transliterated to lower-case ASCII, or only normalised where the
    transliteration is empty."""
    word = normalize(word)
    return word if word.isascii() else anyascii(word).lower().strip() or word


def stem(word: str, length: int) -> str:
    """The first `length` letters of `word`, romanised: what its inflected forms mostly share."""
    return romanize(word)[:length]


@lru_cache(CACHED_WORDS)
def _grams(word: str) -> tuple[int, ...]:
    """Hashes of the bigrams and trigrams with both ends marked, ascending; a short word or a
    number is one gram."""
    roman = romanize(word)
    if len(roman) < 3 or any(char.isdigit() for char in roman):
        return (_hash(f"={roman}"),)
    roman = f"^{roman}$"
    grams = {_hash(roman[i : i + n]) for n in (2, 3) for i in range(len(roman) - n + 1)}
    return tuple(sorted(grams))


def _hash(gram: str) -> int:
    return zlib.crc32(gram.encode("utf-8", "surrogatepass")) % _GRAMS


def similarity(
    source: Sequence[str],
    target: Sequence[str],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float64]:
    """How alike `source[rows[i]]` and `target[columns[i]]` look, in [0, 1], shape (len(rows),).

    Dice's coefficient of the n-gram sets; numbers and words of one or two letters are alike only
    when they are the same.
    """
    parts = []
    for words in (source,) if target is source else (source, target):
        grams = [_grams(word) for word in words]
        ends = np.cumsum([0, *map(len, grams)])
        ids = np.fromiter(chain.from_iterable(grams), np.int64, int(ends[-1]))
        ones = np.ones(len(ids), np.float32)
        parts.append(sp.csr_matrix((ones, ids, ends), shape=(len(grams), _GRAMS)))
    left, right = parts[0], parts[-1]
    size_left, size_right = (np.diff(matrix.indptr) for matrix in (left, right))
    result = np.zeros(len(rows))
    for at in range(0, len(rows), _CHUNK):
        part = slice(at, at + _CHUNK)
        shared = np.asarray(left[rows[part]].multiply(right[columns[part]]).sum(axis=1)).ravel()
        total = size_left[rows[part]] + size_right[columns[part]]
        result[part] = 2.0 * shared / np.maximum(total, 1)
    return result
