"""Pairs with a text in the wrong script."""

from __future__ import annotations

import polars as pl

from corpora.text.languages import scripts_of
from filters.bounded import Bounded
from filters.sides import SIDES


class AlphabetShare(Bounded):
    """A `Filter` that drops pairs with a side of which too little is in its language's script.

    The languages of the sides are `source` and `target` (BCP 47); at least `min_share` of the
    letters of either must be in its script.
    """

    name = "alphabet"

    def __init__(self, source: str, target: str, min_share: float) -> None:
        self._patterns = {
            side: "[" + "".join(rf"\p{{sc={s}}}" for s in scripts_of(language)) + "]"
            for side, language in zip(SIDES, (source, target), strict=True)
        }
        super().__init__(low=min_share)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of letters in the right script, of the worse side of `batch`; 1.0 without any."""
        shares = []
        for side, pattern in self._patterns.items():
            text = pl.col(side)
            letters = text.str.count_matches(r"\p{L}")
            in_script = text.str.count_matches(rf"[{pattern}&&\p{{L}}]")
            shares.append(pl.when(letters > 0).then(in_script / letters).otherwise(1.0))
        return batch.select(pl.min_horizontal(shares)).to_series()
