"""Metrics of one label an item: accuracy, macro and micro F1, Matthews' correlation.

The same numbers as scikit-learn's `accuracy_score`, `f1_score` and `matthews_corrcoef`, in percent
and as measures. An item without a predicted label counts as wrong: it is missing from its gold
label's recall, and is a prediction of no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Accuracy, macro F1, micro F1 and Matthews, in this order.

    Macro F1 is over all labels of gold or predictions, as scikit-learn has it by default. An
    `alphabet` of more labels changes no value; measures that share one have the same columns.
    Raises `ValueError` for unequal lengths.
    """
    labels = sorted({*gold, *(p for p in predicted if p is not None), *alphabet})
    counts = _counts(gold, predicted, labels)
    size = len(labels)

    def hits(sums: Counts) -> Counts:
        return sums[..., :size]

    def given(sums: Counts) -> Counts:
        return sums[..., size : 2 * size]

    def wanted(sums: Counts) -> Counts:
        return sums[..., 2 * size : 3 * size]

    def accuracy(sums: Counts) -> Counts:
        return 100 * ratio(hits(sums).sum(-1), wanted(sums).sum(-1))

    def macro(sums: Counts) -> Counts:
        # A resample may lack a label altogether: the mean is over those it has.
        there = (given(sums) + wanted(sums)) > 0
        return 100 * ratio(f1(hits(sums), given(sums), wanted(sums)).sum(-1), there.sum(-1))

    def micro(sums: Counts) -> Counts:
        return 100 * f1(hits(sums).sum(-1), given(sums).sum(-1), wanted(sums).sum(-1))

    def matthews(sums: Counts) -> Counts:
        # Gorodkin 2004; items without a prediction are a class of their own.
        items, right = wanted(sums).sum(-1), hits(sums).sum(-1)
        none = sums[..., 3 * size]
        both = right * items - (given(sums) * wanted(sums)).sum(-1)
        predicted_spread = items**2 - (given(sums) ** 2).sum(-1) - none**2
        gold_spread = items**2 - (wanted(sums) ** 2).sum(-1)
        return 100 * ratio(both, np.sqrt(predicted_spread * gold_spread))

    def details(sums: Counts) -> Mapping[str, Any]:
        by_label = {
            label: precision_recall_f1(sums[i], sums[size + i], sums[2 * size + i])
            for i, label in enumerate(labels)
            if sums[size + i] or sums[2 * size + i]
        }
        return {"by_label": by_label, "without_prediction": int(sums[3 * size])}

    averaged = {"labels": "gold+predicted", "zero_division": 0}
    return [
        Measure(f"{prefix}accuracy", signature("accuracy"), counts, accuracy, details),
        Measure(
            f"{prefix}macro_f1",
            signature("f1", average="macro", **averaged),
            counts,
            macro,
            details,
        ),
        Measure(
            f"{prefix}micro_f1",
            signature("f1", average="micro", **averaged),
            counts,
            micro,
            details,
        ),
        Measure(f"{prefix}matthews", signature("matthews"), counts, matthews),
    ]


def _counts(gold: Sequence[str], predicted: Sequence[str | None], labels: Sequence[str]) -> Counts:
    """Columns: hits by label, predictions by label, gold by label, no prediction."""
    size = len(labels)
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(gold), 3 * size + 1))
    for row, (want, got) in enumerate(zip(gold, predicted, strict=True)):
        counts[row, 2 * size + index[want]] = 1
        if got is None:
            counts[row, 3 * size] = 1
            continue
        counts[row, size + index[got]] = 1
        if got == want:
            counts[row, index[want]] = 1
    return counts
