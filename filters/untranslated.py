"""Pairs whose target is a copy of the source."""

from __future__ import annotations

import polars as pl

from filters.bounded import Bounded
from filters.sides import SIDES


class Untranslated(Bounded):
    """A `Filter` that drops pairs whose sides share more than `max_overlap` of their words.

    Pairs with fewer than `min_words` words on either side are kept: names and greetings
    may be the same in both languages.
    """

    name = "untranslated"

    def __init__(self, max_overlap: float, min_words: int = 4) -> None:
        super().__init__(high=max_overlap)
        self._min_words = min_words

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of unique words, case aside, that both sides of `batch` have (Jaccard index)."""
        words = [
            pl.col(side).str.to_lowercase().str.extract_all(r"[\p{L}\p{M}]+") for side in SIDES
        ]
        enough = pl.min_horizontal(w.list.len() for w in words) >= self._min_words
        common = words[0].list.set_intersection(words[1]).list.len()
        union = words[0].list.set_union(words[1]).list.len()
        return batch.select(source=pl.when(enough).then(common / union).otherwise(0.0)).to_series()
