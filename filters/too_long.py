"""Pairs with a very long text."""

from __future__ import annotations

import polars as pl

from filters.bounded import Bounded
from filters.sides import side_lengths


class TooLong(Bounded):
    """A `Filter` that drops pairs with a side of more than `max_chars` code points."""

    name = "too-long"

    def __init__(self, max_chars: int) -> None:
        super().__init__(high=max_chars)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many code points the longer side of `batch` has, for each row."""
        return batch.select(pl.max_horizontal(side_lengths())).to_series()
