"""The base of most filters: a row is kept if its score is within bounds."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Bounded:
    """The `accept` of a `Filter` that keeps the rows whose score is within [`low`, `high`]."""

    name: str

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self._low = low
        self._high = high

    def accept(self, scores: pl.Series) -> NDArray[np.bool_]:
        """True for the rows to keep, given the `scores` of a batch."""
        return scores.is_between(self._low, self._high).to_numpy()
