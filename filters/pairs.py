"""Tests of a sentence pair that need nothing but the two texts."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl
import regex
from numpy.typing import NDArray

from corpora.text.languages import scripts_of

_SIDES = ("source", "target")


def _lengths() -> list[pl.Expr]:
    return [pl.col(side).str.len_chars() for side in _SIDES]


class Bounded:
    """A filter that keeps the rows whose score is within [`low`, `high`]."""

    name: str

    def __init__(self, low: float = -math.inf, high: float = math.inf) -> None:
        self._low = low
        self._high = high

    def accept(self, scores: pl.Series) -> NDArray[np.bool_]:
        """True for the rows to keep."""
        return scores.is_between(self._low, self._high).to_numpy()


class Empty(Bounded):
    """Drops pairs of which a side is empty or mere punctuation."""

    name = "empty"

    def __init__(self) -> None:
        super().__init__(low=1)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Letters and digits of the side that has fewer."""
        counts = [pl.col(side).str.count_matches(r"[\p{L}\p{N}]") for side in _SIDES]
        return batch.select(pl.min_horizontal(counts)).to_series()


class TooLong(Bounded):
    """Drops pairs with a side of more than `max_chars` code points."""

    name = "too-long"

    def __init__(self, max_chars: int) -> None:
        super().__init__(high=max_chars)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Code points of the longer side."""
        return batch.select(pl.max_horizontal(_lengths())).to_series()


class LengthRatio(Bounded):
    """Drops pairs of which a side is `max_ratio` times longer than the other lets expect.

    `expected` is the usual target length over source length, in code points (0.4 for English to
    Chinese, say). `slack` code points are added to both sides: short pairs vary more.
    """

    name = "length-ratio"

    def __init__(self, max_ratio: float, expected: float = 1.0, slack: int = 8) -> None:
        super().__init__(high=max_ratio)
        self._expected = expected
        self._slack = slack

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many times longer one side is than it should be, given the other; at least 1."""
        source, target = _lengths()
        ratio = (target / self._expected + self._slack) / (source + self._slack)
        return batch.select(pl.max_horizontal(ratio, 1 / ratio)).to_series()


def expected_ratio(batch: pl.DataFrame) -> float:
    """The median of target length over source length, in code points; 1.0 where there is none."""
    source, target = _lengths()
    ratios = batch.filter(source > 0, target > 0).select(target / source).to_series()
    median = ratios.median()
    return float(median) if isinstance(median, float) else 1.0


class AlphabetShare(Bounded):
    """Drops pairs with a side that is mostly not in its language's own script."""

    name = "alphabet"

    def __init__(self, source: str, target: str, min_share: float) -> None:
        self._patterns = {
            side: "[" + "".join(rf"\p{{sc={s}}}" for s in scripts_of(language)) + "]"
            for side, language in zip(_SIDES, (source, target), strict=True)
        }
        super().__init__(low=min_share)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of letters in the right script, of the worse side; 1.0 without letters."""
        shares = []
        for side, pattern in self._patterns.items():
            text = pl.col(side)
            letters = text.str.count_matches(r"\p{L}")
            own = text.str.count_matches(rf"[{pattern}&&\p{{L}}]")
            shares.append(pl.when(letters > 0).then(own / letters).otherwise(1.0))
        return batch.select(pl.min_horizontal(shares)).to_series()


class Untranslated(Bounded):
    """Drops pairs whose sides share more than `max_overlap` of their words: copies.

    Pairs with fewer than `min_words` words on either side are let through: names and greetings
    may be the same in both languages.
    """

    name = "untranslated"

    def __init__(self, max_overlap: float, min_words: int = 4) -> None:
        super().__init__(high=max_overlap)
        self._min_words = min_words

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of distinct words, case aside, that both sides have in common (Jaccard)."""
        words = [
            pl.col(side).str.to_lowercase().str.extract_all(r"[\p{L}\p{M}]+") for side in _SIDES
        ]
        enough = pl.min_horizontal(w.list.len() for w in words) >= self._min_words
        common = words[0].list.set_intersection(words[1]).list.len()
        union = words[0].list.set_union(words[1]).list.len()
        return batch.select(source=pl.when(enough).then(common / union).otherwise(0.0)).to_series()


_GROUPED = regex.compile(r"(?<![\d.,])\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?![\d])")
_SEPARATOR = regex.compile(r"\D")
_DIGITS = regex.compile(r"\d+")


def _join_groups(match: regex.Match[str]) -> str:
    return str(_SEPARATOR.sub("", match.group()))


def numbers(text: str) -> Counter[str]:
    """The digit strings of `text` in ASCII digits, without separators of thousands."""
    found: Counter[str] = Counter()
    for match in _DIGITS.finditer(_GROUPED.sub(_join_groups, text)):
        # Digits that are newer than Python's Unicode stand for themselves.
        found["".join(str(unicodedata.decimal(c, c)) for c in match.group())] += 1
    return found


class NumberMismatch(Bounded):
    """Drops pairs in which more than `max_share` of the numbers have no like on the other side.

    A half is worth letting through: hours change between clocks (2:30 pm, 14:30).
    """

    name = "numbers"

    def __init__(self, max_share: float) -> None:
        super().__init__(high=max_share)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """Share of the digit strings of both sides that the other side lacks; 0.0 without any."""
        scores = np.zeros(len(batch))
        has_digit = batch.select(
            pl.any_horizontal(pl.col(side).str.contains(r"\d") for side in _SIDES)
        ).to_series()
        for row in has_digit.arg_true().to_list():
            source, target = (numbers(batch[side][row]) for side in _SIDES)
            total = source.total() + target.total()
            lacking = (source - target).total() + (target - source).total()
            scores[row] = lacking / max(1, total)
        return pl.Series(scores)


class ReservedSymbols(Bounded):
    """Drops pairs that hold a symbol that means something to the model itself, such as a tag."""

    name = "reserved"

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(high=0)
        self._symbols = list(symbols)

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """How many sides hold one."""
        counts = [pl.col(side).str.contains_any(self._symbols).cast(pl.Int32) for side in _SIDES]
        return batch.select(pl.sum_horizontal(counts)).to_series()


class Duplicate(Bounded):
    """Drops pairs that were seen before, in this batch or an earlier one.

    Remembers a hash of 64 bits for each pair: among 10 million pairs, the odds of dropping any
    by mistake are some three in a million.
    """

    name = "duplicate"

    def __init__(self) -> None:
        super().__init__(high=0)
        self._seen: set[int] = set()

    def score(self, batch: pl.DataFrame) -> pl.Series:
        """1 for a pair that was seen before, else 0."""
        hashes = batch.select(pl.struct(_SIDES).hash()).to_series().to_list()
        scores = []
        for value in hashes:
            scores.append(int(value in self._seen))
            self._seen.add(value)
        return pl.Series(scores, dtype=pl.Int8)
