"""py3langid's language identification of many texts at once, with the same answers in less time.

The model is a naive Bayes classifier over n-grams of bytes, which an automaton finds (Lui and
Baldwin, 2011). py3langid walks through one text at a time; here all texts take each step together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

_TOGETHER = 1_000
"""Texts that take their steps together."""
_LONGEST = 1_000
"""Bytes of a text; longer ones are left to py3langid, because few would take their last steps."""


class BatchIdentifier:
    """The `identifier` of py3langid, made with `norm_probs=True`, for lists of texts."""

    def __init__(self, identifier: Any) -> None:
        self._identifier = identifier
        self._next = np.asarray(identifier.tk_nextmove).astype(np.int32)
        self._row = np.asarray(identifier.tk_row).astype(np.int32) << 8
        self._output = np.asarray(identifier.tk_output, dtype=np.int32)
        self._weights = np.asarray(identifier.nb_ptc, dtype=np.float32)
        self._prior = np.asarray(identifier.nb_pc, dtype=np.float32)
        self._classes = [str(language) for language in identifier.nb_classes]
        self._first = np.array([self._classes.index(language) for language in self._classes])

    def identify(self, texts: Sequence[str]) -> list[tuple[str, float]]:
        """The likeliest language of each of `texts` (ISO 639-1) and its probability."""
        encoded = [_encode(text) for text in texts]
        answers: list[tuple[str, float]] = [("", 0.0)] * len(texts)
        short = [i for i, data in enumerate(encoded) if 0 < len(data) <= _LONGEST]
        short.sort(key=lambda i: -len(encoded[i]))
        for start in range(0, len(short), _TOGETHER):
            chunk = short[start : start + _TOGETHER]
            for i, answer in zip(chunk, self._identify([encoded[i] for i in chunk]), strict=True):
                answers[i] = answer
        for i, data in enumerate(encoded):
            if not 0 < len(data) <= _LONGEST:
                language, probability = self._identifier.classify(texts[i])
                answers[i] = (str(language), float(probability))
        return answers

    def _identify(self, encoded: list[bytes]) -> list[tuple[str, float]]:
        """The answers for texts that are encoded, the longest first."""
        lengths = np.array([len(data) for data in encoded])
        counts = self._features(encoded, lengths)
        scores = np.asarray(counts @ self._weights)
        scores[np.diff(counts.indptr) > 0] += self._prior  # without features, of any language
        scores /= np.sqrt(lengths)[:, None]
        np.exp(scores - scores.max(axis=1, keepdims=True), out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        for column in np.flatnonzero(self._first != np.arange(len(self._first))):
            scores[:, self._first[column]] += scores[:, column]
            scores[:, column] = 0.0
        best = scores.argmax(axis=1)
        return [(self._classes[i], float(row[i])) for row, i in zip(scores, best, strict=True)]

    def _features(self, encoded: list[bytes], lengths: NDArray[np.int64]) -> Any:
        """The logarithms of how often each text has each feature, a sparse matrix by text."""
        data = np.frombuffer(b"".join(encoded), np.uint8)
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        active = np.searchsorted(-lengths, -np.arange(1, lengths[0] + 1), side="right")
        state = np.zeros(len(encoded), np.int32)
        keys = []
        for step, running in enumerate(active.tolist()):
            state = self._next[self._row[state[:running]] + data[begins[:running] + step]]
            feature = self._output[state]
            hit = np.flatnonzero(feature >= 0)
            keys.append(hit * len(self._weights) + feature[hit])
        key, count = np.unique(np.concatenate(keys), return_counts=True)
        text, feature = np.divmod(key, len(self._weights))
        ends = np.cumsum(np.bincount(text, minlength=len(encoded)))
        values = np.log1p(count.astype(np.float32))
        shape = (len(encoded), len(self._weights))
        return sp.csr_matrix((values, feature, np.concatenate([[0], ends])), shape=shape)


def _encode(text: str) -> bytes:
    """`text` as py3langid reads it."""
    plain = unicodedata.normalize("NFC", text.lower() if text.isupper() else text)
    return plain.encode("utf-8", "surrogatepass")
