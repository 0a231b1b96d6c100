"""Several predictors' word on the spans of one row, made one.

A predictor that weighs alternatives (`Prediction.candidates`) is taken at its probabilities; one
that names only what it chose is taken to be sure of that, and of nothing else. Probabilities are
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
"""What a probability counts for that a predictor says is less, or does not name."""


_EVEN = 1e-9


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one predictor says of a row's spans, and how much of the whole it counts for."""

    share: float
    chances: Mapping[Key, float]
    lost: frozenset[str]
    """Labels of spans that could not be brought back: of these it has no say."""

    @classmethod
    def of(cls, prediction: Prediction, share: float) -> Opinion:
        """The opinion behind `prediction`."""
        weighed = prediction.candidates
        chances = {
            (s.start, s.end, s.label): sure(s) if weighed else 1.0
            for s in weighed or prediction.spans
        }
        return cls(share, chances, frozenset(prediction.unmapped))

    def against(self, key: Key) -> float:
        """The probability of the likeliest thing that rules `key` out: another span that overlaps
        it, or none at all in its place."""
        start, end, _ = key
        rivals = {
            other: chance
            for other, chance in self.chances.items()
            if other[0] < end and start < other[1]
        }
        nothing = 1.0 - sum(rivals.values())
        rivals.pop(key, None)
        return max(nothing, *rivals.values(), 0.0)

    def speaks_of(self, key: Key) -> bool:
        """Whether it has a say of the span `key`."""
        return key in self.chances or key[2] not in self.lost

    def speaks(self) -> bool:
        """Whether it has a say of an answer."""
        return bool(self.chances) or not self.lost


def sure(span: Span) -> float:
    """The probability of a span; 1 where its predictor gives none."""
    return 1.0 if span.confidence is None else span.confidence


def pool_spans(
    predictions: Sequence[Prediction], shares: Sequence[float], mean: Mean
) -> tuple[Span, ...]:
    """The disjoint spans that are together likeliest, each no less likely than what rules it out.

    Found by weighted interval scheduling over the log-odds of every span that somebody names.
    """
    opinions = [Opinion.of(p, share) for p, share in zip(predictions, shares, strict=True)]
    found: list[tuple[Span, float]] = []
    for key, span in _named(predictions, shares).items():
        voters = [one for one in opinions if one.speaks_of(key)]
        there = _mean(voters, [one.chances.get(key, 0.0) for one in voters], mean)
        against = _mean(voters, [one.against(key) for one in voters], mean)
        if there >= against - _EVEN:
            found.append((span, there - against))
    return _disjoint(found)


def pool_answers(
    predictions: Sequence[Prediction], shares: Sequence[float], mean: Mean
) -> tuple[Span, ...]:
    """The likeliest answer, or () where none is likelier; those who lost theirs have no say."""
    opinions = [Opinion.of(p, share) for p, share in zip(predictions, shares, strict=True)]
    voters = [one for one in opinions if one.speaks()]
    named = _named(predictions, shares)
    if not named:
        return ()
    scores = {
        key: _mean(voters, [one.chances.get(key, 0.0) for one in voters], mean) for key in named
    }
    best = max(named, key=lambda key: (scores[key], sure(named[key]), -key[0], -key[1]))
    none = _mean(voters, [1.0 - sum(one.chances.values()) for one in voters], mean)
    return () if none > scores[best] + _EVEN else (named[best],)


def pool_candidates(
    predictions: Sequence[Prediction], shares: Sequence[float], answers: bool = False
) -> tuple[Span, ...]:
    """Every span that somebody names, with the mean of its probabilities: `Prediction.candidates`.

    It is the mean over those who have a say: of the span, or with `answers` of any. () where all
    spans are certain, as they are taken to be without candidates.
    """
    opinions = [Opinion.of(p, share) for p, share in zip(predictions, shares, strict=True)]
    pooled: list[Span] = []
    for key, span in _named(predictions, shares).items():
        voters = [one for one in opinions if (one.speaks() if answers else one.speaks_of(key))]
        total = sum(one.share for one in voters)
        chance = sum(one.share * one.chances.get(key, 0.0) for one in voters) / total
        pooled.append(replace(span, confidence=min(chance, 1.0)))
    return () if all(sure(span) >= 1.0 - _EVEN for span in pooled) else tuple(pooled)


def _named(predictions: Sequence[Prediction], shares: Sequence[float]) -> dict[Key, Span]:
    """Every span that somebody names, with the mean of its probabilities as confidence."""
    chances: defaultdict[Key, float] = defaultdict(float)
    spans: dict[Key, Span] = {}
    for prediction, share in zip(predictions, shares, strict=True):
        for span in dict.fromkeys(prediction.candidates or prediction.spans):
            key = (span.start, span.end, span.label)
            chances[key] += share * sure(span)
            spans.setdefault(key, span)
    return {key: replace(span, confidence=chances[key]) for key, span in spans.items()}


def _mean(voters: Sequence[Opinion], chances: Sequence[float], mean: Mean) -> float:
    """The logarithm of the voters' mean probability."""
    total = sum(one.share for one in voters)
    if total <= 0:
        return math.log(LEAST)
    pairs = [(one.share / total, max(p, LEAST)) for one, p in zip(voters, chances, strict=True)]
    if mean == "logits":
        return sum(share * math.log(p) for share, p in pairs)
    return math.log(sum(share * p for share, p in pairs))


def _disjoint(spans: Sequence[tuple[Span, float]]) -> tuple[Span, ...]:
    """The disjoint spans of the greatest sum of gains; of even ones the surer."""
    ordered = sorted(spans, key=lambda one: (one[0].end, one[0].start, one[0].label))
    ends = [span.end for span, _ in ordered]
    best: list[tuple[float, tuple[Span, ...]]] = [(0.0, ())]
    for number, (span, gain) in enumerate(ordered):
        before, chosen = best[bisect_right(ends, span.start, 0, number)]
        with_it = before + max(gain, 0.0) + 1e-6 * (1.0 + sure(span))
        best.append(max(best[-1], (with_it, (*chosen, span)), key=lambda one: one[0]))
    return best[-1][1]
