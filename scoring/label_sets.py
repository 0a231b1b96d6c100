"""Metrics of several labels per item: micro and macro F1, subset accuracy.

The same numbers as scikit-learn's `f1_score` and `accuracy_score` on a label indicator matrix, in
percent and as measures. An item for which nothing was predicted has no predicted labels, and its
set is wrong even where the gold's is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.measures import Counts, Measure, f1, precision_recall_f1, ratio, signature


def label_set_measures(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str] | None],
    *,
    alphabet: Iterable[str] = (),
) -> list[Measure]:
    """Micro F1, macro F1 and subset accuracy, in this order, of a set of labels per item.

    `gold` and `predicted` are the labels of the same items in the same order, with None where
    nothing was predicted. Macro F1 is over all labels of gold or predictions. An `alphabet` of more
    labels changes no value; measures that share one have the same columns.
    Raises `ValueError` for unequal lengths.
    """
    labels = tuple(
        sorted({label for item in (*gold, *predicted) for label in item or ()}.union(alphabet))
    )
    values = _Values(labels)
    counts = _counts(gold, predicted, labels)
    averaged = {"labels": "gold+predicted", "zero_division": 0, "multilabel": "yes"}
    micro = signature("f1", average="micro", **averaged)
    macro = signature("f1", average="macro", **averaged)
    subset = signature("subset_accuracy")
    return [
        Measure("micro_f1", micro, counts, values.micro_f1, values.details),
        Measure("macro_f1", macro, counts, values.macro_f1, values.details),
        Measure("subset_accuracy", subset, counts, values.subset_accuracy, values.details),
    ]


def _counts(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str] | None],
    labels: Sequence[str],
) -> Counts:
    """Columns: hits by label, predictions by label, gold by label, right sets, items, none."""
    size = len(labels)
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(gold), 3 * size + 3))
    for item, (gold_labels, of_item) in enumerate(zip(gold, predicted, strict=True)):
        gold_set, predicted_set = set(gold_labels), set(of_item or ())
        parts = (gold_set & predicted_set, predicted_set, gold_set)
        for shift, part in enumerate(parts):
            counts[item, [shift * size + index[label] for label in part]] = 1
        right = of_item is not None and gold_set == predicted_set
        counts[item, 3 * size :] = right, 1, of_item is None
    return counts


@dataclass(frozen=True, slots=True)
class _Values:
    """The metrics of sums of the columns that `_counts` lays out for `labels`, in percent."""

    labels: tuple[str, ...]

    def _parts(self, sums: Counts) -> tuple[Counts, Counts, Counts]:
        """Hits, predictions and gold by label."""
        size = len(self.labels)
        return sums[..., :size], sums[..., size : 2 * size], sums[..., 2 * size : 3 * size]

    def micro_f1(self, sums: Counts) -> Counts:
        hits, predicted, gold = (part.sum(-1) for part in self._parts(sums))
        return 100 * f1(hits, predicted, gold)

    def macro_f1(self, sums: Counts) -> Counts:
        hits, predicted, gold = self._parts(sums)
        # A resample may lack a label altogether: the mean is over those it has.
        present = (predicted + gold) > 0
        return 100 * ratio(f1(hits, predicted, gold).sum(-1), present.sum(-1))

    def subset_accuracy(self, sums: Counts) -> Counts:
        size = 3 * len(self.labels)
        return 100 * ratio(sums[..., size], sums[..., size + 1])

    def details(self, sums: Counts) -> Mapping[str, Any]:
        hits, predicted, gold = self._parts(sums)
        by_label = {
            label: precision_recall_f1(hits[i], predicted[i], gold[i])
            for i, label in enumerate(self.labels)
            if predicted[i] or gold[i]
        }
        return {"by_label": by_label, "without_prediction": int(sums[-1])}
