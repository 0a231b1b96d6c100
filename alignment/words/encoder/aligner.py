"""`EncoderAligner`, the word aligner by name `encoder`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignment.limits import MAX_CELLS, no_links, posteriors_of_short
from alignment.protocol import Posteriors, WordAlignment, WordPair, Words
from alignment.symmetrize import posteriors_from_links, weighted
from alignment.words.encoder.embeddings import PieceEncoder
from alignment.words.encoder.extraction import METHODS, THRESHOLDS, extract
from corpora.errors import UserError


class EncoderAligner:
    """A `SoftAligner` that links words whose contextual embeddings are alike.

    `model`, `layer`, `batch_size`, `device` and `revision` are as for `PieceEncoder`; `method` is
    one of `METHODS`. Raises `UserError` for another, and what `PieceEncoder` raises.
    """

    name = "encoder"

    def __init__(
        self,
        model: str,
        layer: int = 8,
        method: str = "softmax",
        batch_size: int = 32,
        device: str = "cpu",
        revision: str | None = None,
    ) -> None:
        if method not in METHODS:
            raise UserError(f"unknown extraction '{method}'", choices=METHODS)
        self._method = method
        self._encoder = PieceEncoder(model, layer, batch_size, device, revision)

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of all `pairs`: words of which pieces are linked; see `WordAligner`."""
        result = []
        soft = self._method in THRESHOLDS
        limit = THRESHOLDS.get(self._method, 0.5)
        for pieces in self._extract(pairs):
            if pieces is None:
                result.append(WordAlignment(np.zeros((0, 2), np.int32), np.zeros(0, np.float32)))
                continue
            linked_pieces = ((pieces.forward > limit) & (pieces.reverse > limit)).astype(np.float32)
            linked = pieces.of_source.T.astype(np.float32) @ linked_pieces @ pieces.of_target > 0
            links = np.argwhere(linked).astype(np.int32)
            weights = np.ones(len(links), np.float32)
            if soft:
                mean = weighted(pieces.words())[links[:, 0], links[:, 1]]
                weights = np.clip(mean, 1e-6, 1.0)
            result.append(WordAlignment(links, weights))
        return result

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Link probabilities of all `pairs`; see `SoftAligner`.

        Of `argmax` and `itermax`, a word's links share its probability.
        """
        if self._method in THRESHOLDS:
            return posteriors_of_short(pairs, self._posteriors)
        return [
            posteriors_from_links(links, len(pair.source.offsets), len(pair.target.offsets))
            for links, pair in zip(self.align(pairs), pairs, strict=True)
        ]

    def _posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        return [
            no_links(len(pair.source.offsets), len(pair.target.offsets))
            if pieces is None
            else pieces.words()
            for pair, pieces in zip(pairs, self._extract(pairs), strict=True)
        ]

    def _extract(self, pairs: Sequence[WordPair]) -> Iterator[_Pieces | None]:
        """The pieces of every pair; None for one with too many, of which no table is made."""
        sides = [words for pair in pairs for words in (pair.source, pair.target)]
        embedded = self._encoder.embed([words.text for words in sides])
        for pair, source, target in zip(pairs, embedded[::2], embedded[1::2], strict=True):
            pieces = len(source.offsets), len(target.offsets)
            words = len(pair.source.offsets), len(pair.target.offsets)
            if max(pieces[0], words[0]) * max(pieces[1], words[1]) > MAX_CELLS or (
                max(pieces[0] * words[0], pieces[1] * words[1]) > MAX_CELLS
            ):
                yield None
                continue
            forward, reverse = extract(self._method, source.vectors, target.vectors)
            yield _Pieces(
                forward,
                reverse,
                _membership(source.offsets, pair.source),
                _membership(target.offsets, pair.target),
            )


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Link probabilities of the pieces of a pair, each of shape (source, target) pieces, and
    which piece touches which word, of shape (pieces, words)."""

    forward: NDArray[np.float32]
    reverse: NDArray[np.float32]
    of_source: NDArray[np.bool_]
    of_target: NDArray[np.bool_]

    def words(self) -> Posteriors:
        """A word takes the mean over its pieces of what they give to the other word's pieces."""
        source, target = self.of_source.astype(np.float32), self.of_target.astype(np.float32)
        split_source = source / np.maximum(source.sum(axis=1, keepdims=True), 1.0)
        split_target = target / np.maximum(target.sum(axis=1, keepdims=True), 1.0)
        mean_source = source / np.maximum(source.sum(axis=0, keepdims=True), 1.0)
        mean_target = target / np.maximum(target.sum(axis=0, keepdims=True), 1.0)
        forward = split_source.T @ self.forward @ mean_target
        reverse = mean_source.T @ self.reverse @ split_target
        return Posteriors(
            np.clip(forward, 0.0, 1.0).astype(np.float32),
            np.clip(reverse, 0.0, 1.0).astype(np.float32),
        )


def _membership(pieces: Sequence[tuple[int, int]], words: Words) -> NDArray[np.bool_]:
    """Which piece touches which word, shape (pieces, words)."""
    first = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    second = np.array(words.offsets, dtype=np.int64).reshape(-1, 2)
    begins = np.maximum(first[:, None, 0], second[None, :, 0])
    ends = np.minimum(first[:, None, 1], second[None, :, 1])
    return ends > begins
