"""Language identification with py3langid (Lui and Baldwin, 2012; Barbaresi), model included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache, cached_property
from typing import Any

import langcodes
import numpy as np
import polars as pl
from numpy.typing import NDArray

from filters.batch_identifier import BatchIdentifier
from filters.bounded import Bounded

_ALIKE = (
    frozenset({"no", "nb", "nn", "da"}),
    frozenset({"hr", "sr", "bs"}),
    frozenset({"ms", "id"}),
    frozenset({"zh", "yue"}),
)
"""Languages so similar that an identifier of short texts confuses them."""


@cache
def _identifier() -> Any:
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)


@cache
def _batch_identifier() -> BatchIdentifier:
    return BatchIdentifier(_identifier())


def identify(texts: Sequence[str]) -> list[tuple[str, float]]:
    """The likeliest language (ISO 639-1) of each of `texts`, and its probability among about a
    hundred."""
    return _batch_identifier().identify(texts)


def _accepted(language: str) -> frozenset[str]:
    base = langcodes.Language.get(language).language or language
    return next((group for group in _ALIKE if base in group), frozenset({base}))


def can_identify(language: str) -> bool:
    """Whether `language` (BCP 47) is among those that the identifier has."""
    return not _accepted(language).isdisjoint(_identifier().labels)


class WrongLanguage(Bounded):
    """A `Filter` that drops pairs with a side in another language, by a score above `max_score`.

    The sides should be in the languages `source` and `target` (BCP 47). A side whose language the
    identifier does not have is not scored: `unknown` names it. `wrong_languages` counts for each
    side the languages of the texts that score above `max_score`. Texts of fewer than `min_letters`
    letters tell too little and are not scored.
    """

    name = "language"

    def __init__(self, source: str, target: str, max_score: float, min_letters: int = 4) -> None:
        super().__init__(high=max_score)
        self._min_letters = min_letters
        self._accepted = {"source": _accepted(source), "target": _accepted(target)}
        self._tags = {"source": source, "target": target}
        self.wrong_languages: dict[str, Counter[str]] = {"source": Counter(), "target": Counter()}

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """The languages of the sides that the identifier, which this loads, does not have."""
        return tuple(tag for tag in self._tags.values() if not can_identify(tag))

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """For each row of `batch`, the probability that a side is in a language it should not be.

        0 for texts whose likeliest language is right, and for those of under `min_letters`.
        """
        scores = np.zeros(len(batch))
        for side, accepted in self._accepted.items():
            np.maximum(scores, self._side(batch[side], side, accepted), out=scores)
        return pl.Series(scores)

    def _side(self, texts: pl.Series, side: str, accepted: frozenset[str]) -> NDArray[np.float64]:
        # Bitext repeats sentences (several translations of one): each is identified once.
        unique = texts.unique(maintain_order=True)
        counts = unique.str.count_matches(r"\p{L}")
        if not (counts >= self._min_letters).any() or self._tags[side] in self.unknown:
            return np.zeros(len(texts))
        long_texts = unique.filter(counts >= self._min_letters).to_list()
        scores: dict[str, float] = {}
        for text, (language, probability) in zip(long_texts, identify(long_texts), strict=True):
            scores[text] = 0.0 if language in accepted else probability
            if scores[text] > self._high:
                self.wrong_languages[side][language] += 1
        return np.array([scores.get(text, 0.0) for text in texts.to_list()])
