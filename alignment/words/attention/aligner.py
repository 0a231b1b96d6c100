"""`AttentionAligner`, the word aligner by name `attention`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alignment.limits import posteriors_of_short
from alignment.protocol import Posteriors, SegmentAlignment, WordAlignment, WordPair, Words
from alignment.symmetrize import links_from_posteriors
from alignment.words.attention.posteriors import attention_posteriors


class ForcedHypothesis(Protocol):
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
    """A translator that can decode a given translation, as `translators.protocol.Translator`."""

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> Sequence[ForcedHypothesis]:
        """Decode `targets[i]` as the translation of `sources[i]`, in order.

        `source` and `target` are the languages' BCP 47 tags.
        """
        ...


class AttentionAligner:
    """A `SoftAligner` by forced decoding.

    The attention of `translator` serves both directions, or, where there is a `reverse` translator
    from target to source, the forward one only. `source` and `target` are the languages' BCP 47
    tags. Links are those with a mean probability of at least `threshold`. Where the model gives no
    attention for a pair, that pair has no links.
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
        """The attention of all `pairs` as link probabilities; see `SoftAligner`."""
        return posteriors_of_short(pairs, self._posteriors)

    def _posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        sources = [_text(pair.source) for pair in pairs]
        targets = [_text(pair.target) for pair in pairs]
        hypotheses = self._translator.force(sources, targets, self._source, self._target)
        bare = [WordPair(_shifted(pair.source), _shifted(pair.target)) for pair in pairs]
        result = attention_posteriors([_segment(hypothesis) for hypothesis in hypotheses], bare)
        if self._reverse is None:
            return result
        reverse = self._reverse.force(targets, sources, self._target, self._source)
        transposed = attention_posteriors(
            [_segment(hypothesis) for hypothesis in reverse],
            [WordPair(pair.target, pair.source) for pair in bare],
        )
        return [
            Posteriors(soft.forward, np.ascontiguousarray(other.forward.T))
            for soft, other in zip(result, transposed, strict=True)
        ]

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of all `pairs`; see `WordAligner`."""
        return [links_from_posteriors(soft, self._threshold) for soft in self.posteriors(pairs)]


def _segment(hypothesis: ForcedHypothesis) -> SegmentAlignment:
    return SegmentAlignment(
        hypothesis.source_pieces, hypothesis.target_pieces, hypothesis.attention
    )


def _text(words: Words) -> str:
    """The stretch of text that `words` take up."""
    return words.text[words.offsets[0][0] : words.offsets[-1][1]] if words.offsets else ""


def _shifted(words: Words) -> Words:
    """The same words, with offsets into the stretch of text that they take up."""
    base = words.offsets[0][0] if words.offsets else 0
    return Words(_text(words), tuple((start - base, end - base) for start, end in words.offsets))
