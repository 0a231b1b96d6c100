"""Several translators as one: each pair of languages by the model that knows it, or by a pivot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.text.languages import normalise_tag
from translators.protocol import DecodingOptions, Hypothesis, Translator


class PairTranslator(Translator, Protocol):
    """A translator that says which pairs it knows."""

    def supports(self, source: str, target: str) -> bool:
        """Whether it translates from `source` to `target`."""
        ...


class Pivot:
    """Translates directly where one of `translators` can, else through the language `via`.

    Attention of the two steps is composed by a matrix product over the characters of the text in
    between, so that projection works as it does for one step.
    """

    def __init__(self, translators: Sequence[PairTranslator], via: str | None = None) -> None:
        self.translators = tuple(translators)
        self.via = None if via is None else normalise_tag(via)

    @property
    def name(self) -> str:
        """The models' names, joined with `+`."""
        return "+".join(dict.fromkeys(one.name for one in self.translators))

    def supports(self, source: str, target: str) -> bool:
        """Whether there is a way from `source` to `target`."""
        return bool(self._steps(source, target))

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """See `Translator.translate`; flags of either step are kept."""
        steps = self._way(source, target)
        if len(steps) == 1:
            return steps[0].translate(texts, source, target, options)
        via = str(self.via)
        first = steps[0].translate(texts, source, via, options)
        second = steps[1].translate([one.text for one in first], via, target, options)
        return [compose(one, two) for one, two in zip(first, second, strict=True)]

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """See `Translator.force`; a pivot has no probability of a pair, so it must be direct."""
        steps = self._way(source, target)
        if len(steps) != 1:
            raise UserError(f"no direct model from {source} to {target} to score translations with")
        return steps[0].force(sources, targets, source, target)

    def _steps(self, source: str, target: str) -> list[PairTranslator]:
        direct = self._knows(source, target)
        if direct is not None:
            return [direct]
        if self.via is None:
            return []
        one, two = self._knows(source, self.via), self._knows(self.via, target)
        return [] if one is None or two is None else [one, two]

    def _knows(self, source: str, target: str) -> PairTranslator | None:
        return next((one for one in self.translators if one.supports(source, target)), None)

    def _way(self, source: str, target: str) -> list[PairTranslator]:
        steps = self._steps(source, target)
        if not steps:
            by = f", directly or by way of {self.via}" if self.via else ""
            names = ", ".join(one.name for one in self.translators)
            raise UserError(f"no way from {source} to {target}{by}, with {names}")
        return steps


def compose(first: Hypothesis, second: Hypothesis) -> Hypothesis:
    """The hypothesis of two steps: the source of `first`, the text of `second`.

    The score is the sum of the steps' averages, as the log-probability of both would be.
    """
    attention = None
    if first.attention is not None and second.attention is not None:
        between = _overlap(second.source_pieces, first.target_pieces)
        attention = (second.attention @ between @ first.attention).astype(np.float32)
    return Hypothesis(
        second.text,
        first.score + second.score,
        first.source_pieces,
        second.target_pieces,
        attention,
        tuple(dict.fromkeys(first.flags + second.flags)),
        tuple(compose(first, other) for other in second.alternatives),
    )


def _overlap(
    pieces: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """For every one of `pieces`, how its characters spread over `others`; rows sum to 1 or 0."""
    own = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    other = np.array(others, dtype=np.int64).reshape(-1, 2)
    shared = np.minimum(own[:, None, 1], other[None, :, 1]) - np.maximum(
        own[:, None, 0], other[None, :, 0]
    )
    shared = np.maximum(shared, 0).astype(np.float64)
    total = shared.sum(axis=1, keepdims=True)
    spread: NDArray[np.float64] = shared / np.maximum(total, 1.0)
    return spread
