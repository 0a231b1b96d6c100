"""Metrics of one label per item: accuracy, macro and micro F1, Matthews' correlation.

The same numbers as scikit-learn's `accuracy_score`, `f1_score` and `matthews_corrcoef`, in percent
and as measures. An item without a predicted label counts as wrong: it is missing from its gold
label's recall, and is a prediction of no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.measures import Counts, Measure, f1, precision_recall_f1, ratio, signature


def label_measures(
    gold: Sequence[str],
    predicted: Sequence[str | None],
    *,
    prefix: str = "",
    alphabet: Iterable[str] = (),
) -> list[Measure]:
    """Accuracy, macro F1, micro F1 and Matthews, in this order, of one label per item.

    `gold` and `predicted` are the labels of the same items in the same order, with None where
    nothing was predicted; the names of the measures start with `prefix`. Macro F1 is over all
    labels of gold or predictions, as scikit-learn has it by default. An `alphabet` of more labels
    changes no value; measures that share one have the same columns.
    Raises `ValueError` for unequal lengths.
    """
    labels = sorted({*gold, *(p for p in predicted if p is not None), *alphabet})
    counts = _counts(gold, predicted, labels)
    values = _LabelValues(tuple(labels))
    averaged = {"labels": "gold+predicted", "zero_division": 0}
    macro = signature("f1", average="macro", **averaged)
    micro = signature("f1", average="micro", **averaged)
    details = values.details
    return [
        Measure(f"{prefix}accuracy", signature("accuracy"), counts, values.accuracy, details),
        Measure(f"{prefix}macro_f1", macro, counts, values.macro_f1, details),
        Measure(f"{prefix}micro_f1", micro, counts, values.micro_f1, details),
        Measure(f"{prefix}matthews", signature("matthews"), counts, values.matthews),
    ]


def _counts(gold: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str]) -> Counts:
    """Columns: hits by label, predictions by label, gold by label, no prediction."""
    size = len(labels)
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(gold), 3 * size + 1))
    for item, (gold_label, label) in enumerate(zip(gold, predicted, strict=True)):
        counts[item, 2 * size + index[gold_label]] = 1
        if label is None:
            counts[item, 3 * size] = 1
            continue
        counts[item, size + index[label]] = 1
        if label == gold_label:
            counts[item, index[gold_label]] = 1
    return counts


@dataclass(frozen=True, slots=True)
class _LabelValues:
    """The metrics of sums of the columns that `_counts` lays out for `labels`, in percent."""

    labels: tuple[str, ...]

    def _hits(self, sums: Counts) -> Counts:
        return sums[..., : len(self.labels)]

    def _predicted(self, sums: Counts) -> Counts:
        size = len(self.labels)
        return sums[..., size : 2 * size]

    def _gold(self, sums: Counts) -> Counts:
        size = len(self.labels)
        return sums[..., 2 * size : 3 * size]

    def accuracy(self, sums: Counts) -> Counts:
        return 100 * ratio(self._hits(sums).sum(-1), self._gold(sums).sum(-1))

    def macro_f1(self, sums: Counts) -> Counts:
        hits, predicted, gold = self._hits(sums), self._predicted(sums), self._gold(sums)
        # A resample may lack a label altogether: the mean is over those it has.
        present = (predicted + gold) > 0
        return 100 * ratio(f1(hits, predicted, gold).sum(-1), present.sum(-1))

    def micro_f1(self, sums: Counts) -> Counts:
        hits, predicted, gold = self._hits(sums), self._predicted(sums), self._gold(sums)
        return 100 * f1(hits.sum(-1), predicted.sum(-1), gold.sum(-1))

    def matthews(self, sums: Counts) -> Counts:
        """As Gorodkin (2004) has it; items without a prediction are a class of their own."""
        predicted, gold = self._predicted(sums), self._gold(sums)
        items, right = gold.sum(-1), self._hits(sums).sum(-1)
        none = sums[..., 3 * len(self.labels)]
        both = right * items - (predicted * gold).sum(-1)
        predicted_spread = items**2 - (predicted**2).sum(-1) - none**2
        gold_spread = items**2 - (gold**2).sum(-1)
        return 100 * ratio(both, np.sqrt(predicted_spread * gold_spread))

    def details(self, sums: Counts) -> Mapping[str, Any]:
        hits, predicted, gold = self._hits(sums), self._predicted(sums), self._gold(sums)
        by_label = {
            label: precision_recall_f1(hits[i], predicted[i], gold[i])
            for i, label in enumerate(self.labels)
            if predicted[i] or gold[i]
        }
        return {"by_label": by_label, "without_prediction": int(sums[3 * len(self.labels)])}
