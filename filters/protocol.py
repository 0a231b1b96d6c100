"""The protocol of filters: scoring and accepting are separate, so dropped rows have a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Filter(Protocol):
    """One quality test over a batch of pairs of texts.

    `score` takes a frame with the columns `source` and `target` (strings, NFC) and returns one
    number per row; `accept` is True for the rows to keep. `name` is the drop reason.
    """

    name: str

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """One number for each row of `batch`, in order; `batch` is left as it is."""
        ...

    def accept(self, scores: pl.Series) -> NDArray[np.bool_]:
        """True for the rows to keep, given the `scores` of a batch."""
        ...


Filters = Sequence[Filter]
