"""Language identification with py3langid (Lui and Baldwin, 2012; Barbaresi), model included."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import langcodes
import numpy as np
import polars as pl
from numpy.typing import NDArray

from filters.pairs import Bounded

_ALIKE = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"hr", "sr", "bs"}),
    frozenset({"ms", "id"}),
    frozenset({"zh", "yue"}),
)
"""Written so alike that an identifier of short texts cannot tell them apart."""


@cache
def _identifier() -> Any:
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


def identify(text: str) -> tuple[str, float]:
    """The likeliest language of `text` (ISO 639-1) and its probability among about a hundred."""
    language, probability = _identifier().classify(text)
    return str(language), float(probability)


def _accepted(language: str) -> frozenset[str]:
    base = langcodes.Language.get(language).language or language
    return next((group for group in _ALIKE if base in group), frozenset({base}))


def can_identify(language: str) -> bool:
    """Whether `language` (BCP 47) is one of those that are told apart."""
    return not _accepted(language).isdisjoint(_identifier().labels)


class WrongLanguage(Bounded):
    """Drops pairs with a side that is in another language, as surely as `max_score` or more.

    A side whose language the identifier does not know is not judged: `unknown` names it.
    `found` counts per side the languages of the texts that score above `max_score`.
    """

    name = "language"

    def __init__(self, source: str, target: str, max_score: float) -> None:
        super().__init__(high=max_score)
        self._wanted = {"source": _accepted(source), "target": _accepted(target)}
        self.unknown = tuple(tag for tag in (source, target) if not can_identify(tag))
        self._unknown_sides = [
            side
            for side, tag in zip(("source", "target"), (source, target), strict=True)
            if tag in self.unknown
        ]
        self.found: dict[str, Counter[str]] = {"source": Counter(), "target": Counter()}

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How sure it is, in [0, 1], that either side is in a language that it should not be.

        0 for texts in their language, however unsure, and for those of under four letters.
        """
        scores = np.zeros(len(batch))
        for side, wanted in self._wanted.items():
            if side not in self._unknown_sides:
                np.maximum(scores, self._side(batch[side], side, wanted), out=scores)
        return pl.Series(scores)

    def _side(self, texts: pl.Series, side: str, wanted: frozenset[str]) -> NDArray[np.float64]:
        # Bitext repeats its sentences (several translations of one): each is judged once.
        distinct = texts.unique(maintain_order=True)
        judged: dict[str, float] = {}
        for text, letters in zip(
            distinct.to_list(), distinct.str.count_matches(r"\p{L}").to_list(), strict=True
        ):
            language, probability = identify(text) if letters >= 4 else ("", 0.0)
            judged[text] = 0.0 if language in wanted else probability
            if judged[text] > self._high:
                self.found[side][language] += 1
        return np.array([judged[text] for text in texts.to_list()])
