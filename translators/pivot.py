"""Several translators as one: each pair of languages by the model that has it, or by a pivot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.text.languages import normalise_tag
from translators.protocol import DecodingOptions, Hypothesis, Translator


class PairTranslator(Translator, Protocol):
    """A translator that says which pairs of languages it has."""

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
        return "+".join(dict.fromkeys(translator.name for translator in self.translators))

    def supports(self, source: str, target: str) -> bool:
        """Whether it translates from `source` to `target`, directly or through `via`."""
        return bool(self._find_steps(source, target))

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Translate `texts` from `source` to `target` with `options`; see `Translator.translate`.

        Flags of either step are kept.
        """
        steps = self._steps(source, target)
        if len(steps) == 1:
            return steps[0].translate(texts, source, target, options)
        via = str(self.via)
        first = steps[0].translate(texts, source, via, options)
        pivots = [hypothesis.text for hypothesis in first]
        second = steps[1].translate(pivots, via, target, options)
        return [compose(to_pivot, on) for to_pivot, on in zip(first, second, strict=True)]

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """Score `targets` as translations of `sources`; see `Translator.force`.

        There is no score through a pivot, so a model must translate from `source` to `target`
        directly.
        """
        steps = self._steps(source, target)
        if len(steps) != 1:
            raise UserError(f"no direct model from {source} to {target} to score translations with")
        return steps[0].force(sources, targets, source, target)

    def _find_steps(self, source: str, target: str) -> list[PairTranslator]:
        """The translators to use one after the other; none where they cannot."""
        direct = self._direct(source, target)
        if direct is not None:
            return [direct]
        if self.via is None:
            return []
        first, second = self._direct(source, self.via), self._direct(self.via, target)
        return [] if first is None or second is None else [first, second]

    def _direct(self, source: str, target: str) -> PairTranslator | None:
        return next((t for t in self.translators if t.supports(source, target)), None)

    def _steps(self, source: str, target: str) -> list[PairTranslator]:
        steps = self._find_steps(source, target)
        if not steps:
            through = f", directly or through {self.via}" if self.via else ""
            names = ", ".join(translator.name for translator in self.translators)
            raise UserError(f"no model from {source} to {target}{through}, among {names}")
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
        second.piece_count,
    )


def _overlap(
    pieces: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]
) -> NDArray[np.float64]:
    """For each of `pieces`, how its characters spread over `others`; rows sum to 1 or 0."""
    left = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    right = np.array(others, dtype=np.int64).reshape(-1, 2)
    shared = np.minimum(left[:, None, 1], right[None, :, 1]) - np.maximum(
        left[:, None, 0], right[None, :, 0]
    )
    shared = np.maximum(shared, 0).astype(np.float64)
    total = shared.sum(axis=1, keepdims=True)
    spread: NDArray[np.float64] = shared / np.maximum(total, 1.0)
    return spread
