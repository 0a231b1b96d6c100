"""Pairs whose texts are too different in length to be translations."""

from __future__ import annotations

import polars as pl

from filters.bounded import Bounded
from filters.sides import side_lengths


class LengthRatio(Bounded):
    """A `Filter` that drops pairs with a side over `max_ratio` times as long as expected.

    `expected` is the usual target length over source length, in code points (0.4 for English to
    Chinese, for example). `slack` code points are added to both sides: short pairs vary more.
    """

    name = "length-ratio"

    def __init__(self, max_ratio: float, expected: float = 1.0, slack: int = 8) -> None:
        super().__init__(high=max_ratio)
        self._expected = expected
        self._slack = slack

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many times as long as expected the longer side of `batch` is, per row; at least 1."""
        source, target = side_lengths()
        ratio = (target / self._expected + self._slack) / (source + self._slack)
        return batch.select(pl.max_horizontal(ratio, 1 / ratio)).to_series()


def expected_ratio(batch: pl.DataFrame) -> float:
    """The median of target length over source length in `batch`, in code points; 1.0 if empty."""
    source, target = side_lengths()
    ratios = batch.filter(source > 0, target > 0).select(target / source).to_series()
    median = ratios.median()
    return float(median) if isinstance(median, float) else 1.0
