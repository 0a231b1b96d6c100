"""Word alignment from a translator's attention, of its own pass or of forced decoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.protocol import Posteriors, SegmentAlignment, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors

_LEAST_ATTENDED = 0.3
"""A source word that gets at least so much attention has a partner: a compound of three words
gives each a third. One that gets less may have none."""


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
        result = [
            attention_posteriors(_segment(hypothesis), _shifted(p.source), _shifted(p.target))
            for hypothesis, p in zip(found, pairs, strict=True)
        ]
        if self._reverse is None:
            return result
        back = self._reverse.force(targets, sources, self._target, self._source)
        both = []
        for forward, hypothesis, pair in zip(result, back, pairs, strict=True):
            other = attention_posteriors(
                _segment(hypothesis), _shifted(pair.target), _shifted(pair.source)
            )
            both.append(Posteriors(forward.forward, np.ascontiguousarray(other.forward.T)))
        return both

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


def attention_posteriors(segment: SegmentAlignment, source: Words, target: Words) -> Posteriors:
    """Attention between pieces as link probabilities between words, (source, target) words.

    A piece's attention is shared among the words it touches by their letters; a word's is the mean
    over its pieces. The reverse direction is the same attention seen from the source word.
    """
    shape = (len(source.offsets), len(target.offsets))
    if segment.attention is None or 0 in shape or 0 in segment.attention.shape:
        return Posteriors(np.zeros(shape, np.float32), np.zeros(shape, np.float32))
    to_source = _overlap(segment.source_pieces, source.offsets)
    to_target = _overlap(segment.target_pieces, target.offsets)
    of_piece = to_source / np.maximum(to_source.sum(axis=1, keepdims=True), 1e-9)
    of_word = to_target / np.maximum(to_target.sum(axis=0, keepdims=True), 1e-9)
    forward = (of_word.T @ segment.attention @ of_piece).T.astype(np.float32)
    forward = np.clip(forward, 0.0, 1.0)
    reverse = forward / np.maximum(forward.sum(axis=1, keepdims=True), _LEAST_ATTENDED)
    return Posteriors(forward, reverse)


def _overlap(
    pieces: Sequence[tuple[int, int]], words: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """Code points that each piece shares with each word, shape (pieces, words)."""
    first = np.array(pieces, dtype=np.float64).reshape(-1, 2)
    second = np.array(words, dtype=np.float64).reshape(-1, 2)
    end = np.minimum(first[:, None, 1], second[None, :, 1])
    start = np.maximum(first[:, None, 0], second[None, :, 0])
    return np.asarray(np.maximum(end - start, 0.0), dtype=np.float64)
