"""Metrics of one number per item: Pearson's and Spearman's correlation, mean squared error.

The same numbers as scipy's `pearsonr` and `spearmanr` and scikit-learn's `mean_squared_error`; the
correlations in percent, 0 where all numbers of one side are equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from scoring.measures import Counts, Measure, ratio, signature

NOT_PERCENT = frozenset({"mse"})
"""Measures that are not in percent; of them, less is better."""
_EQUAL = 1e-12
"""Variance, as a share of the mean square, below which numbers differ by rounding alone."""


def number_measures(gold: Sequence[float], predicted: Sequence[float]) -> list[Measure]:
    """Pearson's r, Spearman's rho and the mean squared error, in this order.

    `gold` and `predicted` are the numbers of the same items in the same order. Tests of
    significance and intervals take the ranks, for Spearman's rho, from all items, not anew from
    each resample. Raises `ValueError` for unequal lengths.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold numbers, but {len(predicted)} predicted")
    expected, given = np.asarray(gold, np.float64), np.asarray(predicted, np.float64)
    # Both are moved and scaled by the gold alone, so that two systems have the same columns.
    centre, scale = expected.mean(), expected.std() or 1.0
    squares = np.stack([(expected - given) ** 2, np.ones(len(expected))], axis=1)
    return [
        _correlation("pearson", (expected - centre) / scale, (given - centre) / scale),
        _correlation("spearman", _ranks(expected), _ranks(given), ties="average"),
        Measure("mse", signature("mse"), squares, lambda sums: ratio(sums[..., 0], sums[..., 1])),
    ]


def _ranks(values: Counts) -> Counts:
    """Ranks around 0, at most 1; equal values share the mean of theirs."""
    middle = (len(values) + 1) / 2
    return np.asarray((rankdata(values) - middle) / middle, np.float64)


def _correlation(name: str, gold: Counts, predicted: Counts, **options: object) -> Measure:
    counts = np.stack(
        [np.ones(len(gold)), gold, predicted, gold**2, predicted**2, gold * predicted], axis=1
    )
    return Measure(name, signature(name, **options), counts, _correlation_of_sums)


def _correlation_of_sums(sums: Counts) -> Counts:
    items, gold, predicted, gold_squares, predicted_squares, products = np.moveaxis(sums, -1, 0)
    spreads = [
        np.where(spread > _EQUAL * items * squares, spread, 0.0)
        for spread, squares in (
            (items * gold_squares - gold**2, gold_squares),
            (items * predicted_squares - predicted**2, predicted_squares),
        )
    ]
    covariance = items * products - gold * predicted
    value = ratio(covariance, np.sqrt(spreads[0] * spreads[1]))
    return 100 * np.clip(value, -1.0, 1.0)
