"""The two texts of a sentence pair as columns of a batch."""

from __future__ import annotations

import polars as pl

SIDES = ("source", "target")


def side_lengths() -> list[pl.Expr]:
    """The number of code points of either side."""
    return [pl.col(side).str.len_chars() for side in SIDES]
