"""Several predictions for a row merged into one: averages and ensembles."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from augmentation.translate_test.span_ensemble import (
    Mean,
    combine_answers,
    combine_candidates,
    combine_spans,
)
from corpora.choices import Task
from corpora.labels import classes_of, first_kind
from corpora.predictions import Prediction, most_probable

_LEAST = 1e-6
"""Lower limit of a class's probability, also for a class that a predictor does not give."""


def average(task: Task, predictions: Sequence[Prediction]) -> Prediction:
    """One prediction for `task` from several of one predictor, on the translations of one row.

    The probabilities of `predictions` are averaged, of classes and of spans (see `span_ensemble`),
    and those of `candidates` for an `ensemble` to use. Text is that of the first.
    """
    if len(predictions) == 1:
        return predictions[0]
    weights = [1 / len(predictions)] * len(predictions)
    candidates = combine_candidates(predictions, weights, answers=task == "qa")
    return replace(_merged(task, predictions, weights, "probabilities"), candidates=candidates)


def ensemble(task: Task, first: Prediction, second: Prediction, weight: float = 0.5) -> Prediction:
    """The ensemble of two predictions for `task`, `first` and `second`, the latter with `weight`:
    logits are averaged, of classes and of spans.

    The average of logits is the normalised geometric mean of probabilities.
    """
    return _merged(task, [first, second], [1 - weight, weight], "logits")


def _merged(
    task: Task, predictions: Sequence[Prediction], weights: Sequence[float], mean: Mean
) -> Prediction:
    first = predictions[0]
    weighted = [
        (probabilities_of(prediction), weight)
        for prediction, weight in zip(predictions, weights, strict=True)
    ]
    kind = first_kind(predictions)
    if kind == "labels":
        probabilities = _mean_of_each(weighted, mean)
    else:
        probabilities = (_geometric_mean if mean == "logits" else _arithmetic_mean)(weighted)
    label = most_probable(probabilities) if probabilities and kind != "labels" else None
    labels = None
    if kind == "labels":
        labels = tuple(
            name for name, probability in probabilities.items() if probability >= 0.5 - 1e-9
        )
    pool = combine_answers if task == "qa" else combine_spans
    spans = pool(predictions, weights, mean)
    flags = () if task == "qa" and spans else _majority_flags(predictions, weights)
    return Prediction(
        first.id,
        label,
        probabilities,
        spans,
        first.target,
        flags,
        labels=labels,
        value=_mean_value(predictions, weights),
    )


def _mean_value(predictions: Sequence[Prediction], weights: Sequence[float]) -> float | None:
    """The mean of the predictions that are numbers; None where none is."""
    pairs = zip(predictions, weights, strict=True)
    given = [(p.value, weight) for p, weight in pairs if p.value is not None and weight > 0]
    total = sum(weight for _, weight in given)
    return sum(value * weight / total for value, weight in given) if given else None


def _mean_of_each(weighted: Weighted, mean: Mean) -> dict[str, float]:
    """The mean probability of each class on its own, or that of its logits."""
    means: dict[str, float] = {}
    for label in sorted({label for values, _ in weighted for label in values}):
        pairs = [(values.get(label, 0.0), weight) for values, weight in weighted if weight > 0]
        if mean != "logits":
            means[label] = sum(probability * weight for probability, weight in pairs)
            continue
        logit = 0.0
        for probability, weight in pairs:
            limited = min(max(probability, _LEAST), 1 - _LEAST)
            logit += weight * math.log(limited / (1 - limited))
        means[label] = 1 / (1 + math.exp(-logit))
    return means


def _majority_flags(predictions: Sequence[Prediction], weights: Sequence[float]) -> tuple[str, ...]:
    """The flags that half of the predictions have, each as many times as half of them have it."""
    totals: defaultdict[tuple[str, int], float] = defaultdict(float)
    for prediction, weight in zip(predictions, weights, strict=True):
        copies: Counter[str] = Counter()
        for flag in prediction.flags:
            copies[flag] += 1
            totals[flag, copies[flag]] += weight
    return tuple(flag for (flag, _), weight in totals.items() if weight >= 0.5 - 1e-9)


def probabilities_of(prediction: Prediction) -> Mapping[str, float]:
    """The class probabilities of `prediction`; 1 for its label or labels where it gives none."""
    return prediction.probabilities or dict.fromkeys(classes_of(prediction), 1.0)


Weighted = Sequence[tuple[Mapping[str, float], float]]
"""The class probabilities of each prediction, and its weight."""


def _arithmetic_mean(weighted: Weighted) -> dict[str, float]:
    means: defaultdict[str, float] = defaultdict(float)
    for probabilities, weight in weighted:
        for label, probability in probabilities.items():
            means[label] += weight * probability
    return dict(means)


def _geometric_mean(weighted: Weighted) -> dict[str, float]:
    """Over the predictions that have classes; their weights are made to sum to 1."""
    weighted = [(values, weight) for values, weight in weighted if values and weight > 0]
    total_weight = sum(weight for _, weight in weighted)
    logs = {
        label: sum(
            weight / total_weight * math.log(max(values.get(label, 0.0), _LEAST))
            for values, weight in weighted
        )
        for label in sorted({label for values, _ in weighted for label in values})
    }
    top = max(logs.values(), default=0.0)
    raised = {label: math.exp(value - top) for label, value in logs.items()}
    total = sum(raised.values())
    return {label: value / total for label, value in raised.items()}
