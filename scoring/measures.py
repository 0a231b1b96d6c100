"""A measure is a sum of counts over items, and a value of that sum.

So defined, every metric can be computed for any selection of the items: the whole set, one
language, a bootstrap resample, or two systems with some of their answers swapped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.protocol import Score

Counts = NDArray[np.float64]


def signature(metric: str, **options: object) -> str:
    """`metric:NAME|option:value|...|version:V` of `metric` and its `options`, as sacreBLEU does."""
    try:
        labelferry_version = version("labelferry")
    except PackageNotFoundError:  # a checkout that was never installed
        labelferry_version = "unknown"
    parts = [f"metric:{metric}", *(f"{key}:{value}" for key, value in options.items())]
    return "|".join([*parts, f"version:labelferry-{labelferry_version}"])


@dataclass(frozen=True, slots=True)
class Measure:
    """Metric `name` over some items.

    `counts` has shape (items, k). `value` takes sums of counts of shape (..., k) and gives values
    of shape (...), in percent. `details` takes one sum of shape (k,).
    """

    name: str
    signature: str
    counts: Counts
    value: Callable[[Counts], Counts]
    details: Callable[[Counts], Mapping[str, Any]] = field(default=lambda sums: {})

    def score(self) -> Score:
        """The score over all items."""
        sums = self.counts.sum(axis=0)
        return Score(
            self.name,
            float(self.value(sums)),
            self.signature,
            {"items": len(self.counts), **self.details(sums)},
        )

    def select(self, items: Sequence[int]) -> Measure:
        """The same measure over the items of the numbers `items`."""
        return replace(self, counts=self.counts[list(items)])


def ratio(numerator: Counts, denominator: Counts) -> Counts:
    """`numerator / denominator`, and 0 where the denominator is 0."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator != 0)


def f1(hits: Counts, predicted: Counts, gold: Counts) -> Counts:
    """F1, in [0, 1], of numbers of items: right ones (`hits`), `predicted` ones and `gold` ones.

    0 where there is neither a prediction nor a gold item.
    """
    return ratio(2 * hits, predicted + gold)


def precision_recall_f1(hits: float, predicted: float, gold: float) -> dict[str, float]:
    """Precision, recall and F1 of the same numbers as `f1` takes, in percent, with the numbers.

    That is `hits` right ones among `predicted` ones, for `gold` ones, which are the `support`.
    """
    return {
        "precision": 100 * hits / predicted if predicted else 0.0,
        "recall": 100 * hits / gold if gold else 0.0,
        "f1": 200 * hits / (predicted + gold) if predicted + gold else 0.0,
        "predicted": int(predicted),
        "support": int(gold),
    }


def mean_measure(
    name: str, values: Sequence[float], text: str, *, among: Sequence[bool] | None = None
) -> Measure:
    """The measure `name`, whose signature is `text`: the mean of `values`, in percent.

    There is one value in [0, 1] per item; the mean is over the items that are true in `among`, or
    over all.
    """
    weights = np.ones(len(values)) if among is None else np.asarray(among, dtype=np.float64)
    counts = np.stack([np.asarray(values, dtype=np.float64) * weights, weights], axis=1)
    return Measure(name, text, counts, lambda sums: 100 * ratio(sums[..., 0], sums[..., 1]))
