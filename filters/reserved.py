"""Pairs with reserved symbols of the model."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from filters.bounded import Bounded
from filters.sides import SIDES


class ReservedSymbols(Bounded):
    """A `Filter` that drops pairs with one of the reserved `symbols` of the model (tags)."""

    name = "reserved"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(high=0)
        self._symbols = list(symbols)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many sides of `batch` hold a reserved symbol, for each row."""
        counts = [pl.col(side).str.contains_any(self._symbols).cast(pl.Int32) for side in SIDES]
        return batch.select(pl.sum_horizontal(counts)).to_series()
