"""Surface evidence that costs nothing: strings that look alike, across scripts.

Names, numbers, dates and cognates often keep their form in translation. Words are compared by
their character n-grams after transliteration to ASCII (anyascii), so that `Москва` is like
`Moscow` and `Zürich` like `Zurich`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from anyascii import anyascii
from numpy.typing import NDArray

from alignment.protocol import Posteriors, WordAlignment, WordPair
from alignment.symmetrize import links_from_posteriors

_CHUNK = 200_000


def normalize(word: str) -> str:
    """The form that counts as the same word: NFKC, case folded."""
    return unicodedata.normalize("NFKC", word).casefold()


def romanize(word: str) -> str:
    """`normalize`, then transliterated to lower-case ASCII; the word itself where that is empty."""
    word = normalize(word)
    return word if word.isascii() else anyascii(word).lower().strip() or word


def stem(word: str, length: int) -> str:
    """The first `length` letters: what inflected forms of a word most often share."""
    return romanize(word)[:length]


def _grams(word: str) -> list[str]:
    """Bigrams and trigrams with both ends marked; a short word or a number is one gram."""
    roman = romanize(word)
    if len(roman) < 3 or any(char.isdigit() for char in roman):
        return [f"={roman}"]
    roman = f"^{roman}$"
    return sorted({roman[i : i + n] for n in (2, 3) for i in range(len(roman) - n + 1)})


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
    index: dict[str, int] = {}
    matrices = []
    for words in (source,) if target is source else (source, target):
        ids: list[int] = []
        ends = [0]
        for word in words:
            ids.extend([index.setdefault(gram, len(index)) for gram in _grams(word)])
            ends.append(len(ids))
        matrices.append((np.ones(len(ids), np.float32), np.array(ids, np.int64), np.array(ends)))
    parts = [sp.csr_matrix(m, shape=(len(m[2]) - 1, len(index) or 1)) for m in matrices]
    left, right = parts[0], parts[-1]
    size_left, size_right = (np.diff(m.indptr) for m in (left, right))
    result = np.zeros(len(rows))
    for at in range(0, len(rows), _CHUNK):
        part = slice(at, at + _CHUNK)
        shared = np.asarray(left[rows[part]].multiply(right[columns[part]]).sum(axis=1)).ravel()
        total = size_left[rows[part]] + size_right[columns[part]]
        result[part] = 2.0 * shared / np.maximum(total, 1)
    return result


class LexicalAligner:
    """Links words that look alike, nearest positions first; silent about all other words."""

    name = "lexical"

    def __init__(self, minimum: float = 0.5) -> None:
        self._minimum = minimum

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Look-alike links as probabilities of both directions, each of shape (source, target)."""
        result = []
        for pair in pairs:
            source, target = pair.source.strings(), pair.target.strings()
            shape = (len(source), len(target))
            rows, columns = (index.ravel() for index in np.indices(shape))
            alike = similarity(source, target, rows, columns).reshape(shape)
            alike = np.where(alike >= self._minimum, alike, 0.0)
            places = [(np.arange(n) + 0.5) / max(n, 1) for n in shape]
            near = np.exp(-3.0 * np.abs(places[0][:, None] - places[1][None, :]))
            weight = alike * near
            forward = weight / np.maximum(weight.sum(axis=0, keepdims=True), 1e-9)
            reverse = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
            result.append(
                Posteriors(
                    (forward * alike).astype(np.float32), (reverse * alike).astype(np.float32)
                )
            )
        return result

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """Link the words of every pair that look alike."""
        return [links_from_posteriors(soft, 0.5) for soft in self.posteriors(pairs)]
