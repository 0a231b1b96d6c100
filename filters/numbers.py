"""Pairs whose numbers differ."""

from __future__ import annotations

import numpy as np
import polars as pl

from corpora.text.numbers import numbers
from filters.bounded import Bounded
from filters.sides import SIDES


class NumberMismatch(Bounded):
    """A `Filter` that drops pairs in which over `max_share` of the numbers are on one side only.

    A half should pass, because hours differ between 12 and 24 hour clocks (2:30 pm, 14:30).
    """

    name = "numbers"

    def __init__(self, max_share: float) -> None:
        super().__init__(high=max_share)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of the digit strings of `batch` that the other side lacks; 0.0 without any."""
        scores = np.zeros(len(batch))
        has_digit = batch.select(
            pl.any_horizontal(pl.col(side).str.contains(r"\d") for side in SIDES)
        ).to_series()
        for row in has_digit.arg_true().to_list():
            source, target = (numbers(batch[side][row]) for side in SIDES)
            total = source.total() + target.total()
            lacking = (source - target).total() + (target - source).total()
            scores[row] = lacking / max(1, total)
        return pl.Series(scores)
