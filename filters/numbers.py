"""Pairs whose numbers differ."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import polars as pl
import regex

from filters.bounded import Bounded
from filters.sides import SIDES

_GROUPED = regex.compile(r"(?<![\d.,])\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?![\d])")
_SEPARATOR = regex.compile(r"\D")
_DIGITS = regex.compile(r"\d+")


def _join_groups(match: regex.Match[str]) -> str:
    return str(_SEPARATOR.sub("", match.group()))


def numbers(text: str) -> Counter[str]:
    """The digit strings of `text` in ASCII digits, without separators of thousands."""
    counts: Counter[str] = Counter()
    for match in _DIGITS.finditer(_GROUPED.sub(_join_groups, text)):
        # Digits that are newer than Python's Unicode are left as they are.
        counts["".join(str(unicodedata.decimal(c, c)) for c in match.group())] += 1
    return counts


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
