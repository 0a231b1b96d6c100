"""Pairs that were seen before."""

from __future__ import annotations

import polars as pl

from filters.bounded import Bounded
from filters.sides import SIDES


class Duplicate(Bounded):
    """A `Filter` that drops pairs that were seen before, in this batch or an earlier one.

    Remembers a hash of 64 bits for each pair: among 10 million pairs, the probability of
    dropping any by mistake is some three in a million.
    """

    name = "duplicate"

    def __init__(self) -> None:
        super().__init__(high=0)
        self._seen: set[int] = set()

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """1 for a pair of `batch` that was seen before, else 0."""
        hashes = batch.select(pl.struct(SIDES).hash()).to_series().to_list()
        scores = []
        for value in hashes:
            scores.append(int(value in self._seen))
            self._seen.add(value)
        return pl.Series(scores, dtype=pl.Int8)
