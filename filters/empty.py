"""Pairs that lack a text."""

from __future__ import annotations

import polars as pl

from filters.bounded import Bounded
from filters.sides import SIDES


class Empty(Bounded):
    """A `Filter` that drops pairs with a side that is empty or only punctuation."""

    name = "empty"

    def __init__(self) -> None:
        super().__init__(low=1)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many letters and digits the side of `batch` with fewer has, for each row."""
        counts = [pl.col(side).str.count_matches(r"[\p{L}\p{N}]") for side in SIDES]
        return batch.select(pl.min_horizontal(counts)).to_series()
