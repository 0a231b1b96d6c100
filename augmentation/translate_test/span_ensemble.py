"""The spans of several predictions for one row, combined into one set.

For a predictor that gives alternatives (`Prediction.candidates`), its probabilities are used. For
one that gives its chosen spans alone, theirs is 1 and that of everything else 0. Probabilities are
averaged for the same model on several translations, and logits for different models.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from corpora.predictions import Prediction
from corpora.records import Span

Mean = Literal["probabilities", "logits"]
Key = tuple[int, int, str]
"""Start, end and label of a span."""

LEAST = 1e-3
"""Lower limit of a span's probability, also for a span that a predictor does not give."""
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class WeightedPrediction:
    """The spans of one prediction with their probabilities, and the prediction's weight."""

    weight: float
    probabilities: Mapping[Key, float]
    unmapped: frozenset[str]
    """Labels of spans that could not be projected back: for other spans of these labels
    the prediction does not count."""

    @classmethod
    def of(cls, prediction: Prediction, weight: float) -> WeightedPrediction:
        """`prediction` with its `weight`."""
        candidates = prediction.candidates
        probabilities = {
            (span.start, span.end, span.label): probability_of(span) if candidates else 1.0
            for span in candidates or prediction.spans
        }
        return cls(weight, probabilities, frozenset(prediction.unmapped))

    def probability(self, key: Key) -> float:
        """The probability of the span `key`."""
        return self.probabilities.get(key, 0.0)

    def rival_probability(self, key: Key) -> float:
        """The highest probability of what excludes `key`: another span that overlaps it, or no span
        at all."""
        start, end, _ = key
        rivals = {
            other: probability
            for other, probability in self.probabilities.items()
            if other[0] < end and start < other[1]
        }
        nothing = 1.0 - sum(rivals.values())
        rivals.pop(key, None)
        return max(nothing, *rivals.values(), 0.0)

    def covers(self, key: Key) -> bool:
        """Whether the prediction counts for the span `key`."""
        return key in self.probabilities or key[2] not in self.unmapped

    def covers_answers(self) -> bool:
        """Whether the prediction counts for the answer to a question."""
        return bool(self.probabilities) or not self.unmapped


def probability_of(span: Span) -> float:
    """The probability of `span`; 1 where its predictor gives none."""
    return 1.0 if span.confidence is None else span.confidence


def combine_spans(
    predictions: Sequence[Prediction], weights: Sequence[float], mean: Mean
) -> tuple[Span, ...]:
    """The disjoint spans that are together likeliest, each at least as likely as what excludes it.

    `weights` are those of `predictions`, `mean` says what is averaged. The spans are found by
    weighted interval scheduling over the log-odds of every span that any prediction has.
    """
    weighted = _weighted(predictions, weights)
    supported: list[tuple[Span, float]] = []
    for key, span in _all_spans(predictions, weights).items():
        covering = [prediction for prediction in weighted if prediction.covers(key)]
        support = _log_mean(covering, [p.probability(key) for p in covering], mean)
        rival = _log_mean(covering, [p.rival_probability(key) for p in covering], mean)
        if support >= rival - _TIE:
            supported.append((span, support - rival))
    return _disjoint(supported)


def combine_answers(
    predictions: Sequence[Prediction], weights: Sequence[float], mean: Mean
) -> tuple[Span, ...]:
    """The likeliest answer of `predictions` with their `weights`, or () where none is likelier.

    `mean` says what is averaged. Predictions whose answer could not be projected back are left
    out.
    """
    spans = _all_spans(predictions, weights)
    if not spans:
        return ()
    covering = [p for p in _weighted(predictions, weights) if p.covers_answers()]
    scores = {
        key: _log_mean(covering, [p.probability(key) for p in covering], mean) for key in spans
    }
    best = max(spans, key=lambda key: (scores[key], probability_of(spans[key]), -key[0], -key[1]))
    none = _log_mean(covering, [1.0 - sum(p.probabilities.values()) for p in covering], mean)
    return () if none > scores[best] + _TIE else (spans[best],)


def combine_candidates(
    predictions: Sequence[Prediction], weights: Sequence[float], answers: bool = False
) -> tuple[Span, ...]:
    """Every span of `predictions` with its weighted mean probability: `Prediction.candidates`.

    The mean is over the predictions that count for the span, or with `answers` for any answer;
    `weights` are those of `predictions`. () where no prediction has candidates and all spans have
    probability 1, as the chosen spans then say the same.
    """
    weighted = _weighted(predictions, weights)
    combined: list[Span] = []
    for key, span in _all_spans(predictions, weights).items():
        covering = [p for p in weighted if (p.covers_answers() if answers else p.covers(key))]
        total = sum(prediction.weight for prediction in covering)
        probability = sum(p.weight * p.probability(key) for p in covering) / total
        combined.append(replace(span, confidence=min(probability, 1.0)))
    certain = all(probability_of(span) >= 1.0 - _TIE for span in combined)
    chosen_alone = not any(prediction.candidates for prediction in predictions)
    return () if certain and chosen_alone else tuple(combined)


def _weighted(
    predictions: Sequence[Prediction], weights: Sequence[float]
) -> list[WeightedPrediction]:
    return [
        WeightedPrediction.of(prediction, weight)
        for prediction, weight in zip(predictions, weights, strict=True)
    ]


def _all_spans(predictions: Sequence[Prediction], weights: Sequence[float]) -> dict[Key, Span]:
    """Every span that a prediction has, with the mean of its probabilities as confidence."""
    probabilities: defaultdict[Key, float] = defaultdict(float)
    spans: dict[Key, Span] = {}
    for prediction, weight in zip(predictions, weights, strict=True):
        for span in dict.fromkeys(prediction.candidates or prediction.spans):
            key = (span.start, span.end, span.label)
            probabilities[key] += weight * probability_of(span)
            spans.setdefault(key, span)
    return {key: replace(span, confidence=probabilities[key]) for key, span in spans.items()}


def _log_mean(
    predictions: Sequence[WeightedPrediction], probabilities: Sequence[float], mean: Mean
) -> float:
    """The logarithm of the weighted mean of the predictions' `probabilities`."""
    total = sum(prediction.weight for prediction in predictions)
    if total <= 0:
        return math.log(LEAST)
    pairs = [
        (prediction.weight / total, max(probability, LEAST))
        for prediction, probability in zip(predictions, probabilities, strict=True)
    ]
    if mean == "logits":
        return sum(weight * math.log(probability) for weight, probability in pairs)
    return math.log(sum(weight * probability for weight, probability in pairs))


def _disjoint(spans: Sequence[tuple[Span, float]]) -> tuple[Span, ...]:
    """The disjoint spans with the greatest sum of gains; of equal ones the more probable."""
    ordered = sorted(spans, key=lambda item: (item[0].end, item[0].start, item[0].label))
    ends = [span.end for span, _ in ordered]
    best: list[tuple[float, tuple[Span, ...]]] = [(0.0, ())]
    for number, (span, gain) in enumerate(ordered):
        before, chosen = best[bisect_right(ends, span.start, 0, number)]
        with_it = before + max(gain, 0.0) + 1e-6 * (1.0 + probability_of(span))
        best.append(max(best[-1], (with_it, (*chosen, span)), key=lambda item: item[0]))
    return best[-1][1]
