"""Several predictions for a row made one."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from augmentation.translate_test.span_ensemble import (
    Mean,
    pool_answers,
    pool_candidates,
    pool_spans,
)
from corpora.checks import Task
from corpora.predictions import Prediction, most_probable

_LEAST = 1e-6
"""What a probability counts for that a predictor says is zero, or does not name."""


def average(task: Task, predictions: Sequence[Prediction]) -> Prediction:
    """One prediction of several by one predictor, on the translations of one row.

    Probabilities are averaged, of classes and of spans (see `pooling`), and those of `candidates`
    for an `ensemble` to take up. Text is the first one's.
    """
    if len(predictions) == 1:
        return predictions[0]
    shares = [1 / len(predictions)] * len(predictions)
    weighed = pool_candidates(predictions, shares, answers=task == "qa")
    return replace(_merged(task, predictions, shares, "probabilities"), candidates=weighed)


def ensemble(task: Task, one: Prediction, other: Prediction, weight: float = 0.5) -> Prediction:
    """`one` and `other`, the latter with `weight`: logits are averaged, of classes and of spans.

    The average of logits is the normalised geometric mean of probabilities.
    """
    return _merged(task, [one, other], [1 - weight, weight], "logits")


def _merged(
    task: Task, predictions: Sequence[Prediction], shares: Sequence[float], mean: Mean
) -> Prediction:
    first = predictions[0]
    spoken = [
        (probabilities_of(one), share) for one, share in zip(predictions, shares, strict=True)
    ]
    chances = (_geometric if mean == "logits" else _arithmetic)(spoken)
    pool = pool_answers if task == "qa" else pool_spans
    spans = pool(predictions, shares, mean)
    flags = () if task == "qa" and spans else _most_flags(predictions, shares)
    return Prediction(
        first.id, most_probable(chances) if chances else None, chances, spans, first.target, flags
    )


def _most_flags(predictions: Sequence[Prediction], shares: Sequence[float]) -> tuple[str, ...]:
    """The flags that half of the predictions bear, each as many times as half of them do."""
    borne: defaultdict[tuple[str, int], float] = defaultdict(float)
    for one, share in zip(predictions, shares, strict=True):
        copies: Counter[str] = Counter()
        for flag in one.flags:
            copies[flag] += 1
            borne[flag, copies[flag]] += share
    return tuple(flag for (flag, _), share in borne.items() if share >= 0.5 - 1e-9)


def probabilities_of(prediction: Prediction) -> Mapping[str, float]:
    """The probabilities, or all of it for the label where there are none."""
    if prediction.probabilities or prediction.label is None:
        return prediction.probabilities
    return {prediction.label: 1.0}


Spoken = Sequence[tuple[Mapping[str, float], float]]
"""What each predictor says of the classes, and its share."""


def _arithmetic(spoken: Spoken) -> dict[str, float]:
    chances: defaultdict[str, float] = defaultdict(float)
    for one, share in spoken:
        for label, chance in one.items():
            chances[label] += share * chance
    return dict(chances)


def _geometric(spoken: Spoken) -> dict[str, float]:
    """Of those who say something; their shares are made to sum to one."""
    spoken = [(one, share) for one, share in spoken if one and share > 0]
    whole = sum(share for _, share in spoken)
    logs = {
        label: sum(
            share / whole * math.log(max(one.get(label, 0.0), _LEAST)) for one, share in spoken
        )
        for label in sorted({label for one, _ in spoken for label in one})
    }
    top = max(logs.values(), default=0.0)
    raised = {label: math.exp(value - top) for label, value in logs.items()}
    total = sum(raised.values())
    return {label: value / total for label, value in raised.items()}
