"""Predictions on translations brought back to the texts that were translated.

Classes come back as they are, spans by a projector, free text by translation. Several predictors
(one for each of the n-best translations, perhaps one in the text's own language) vote. Nothing is
dropped: a span that cannot be placed leaves the flag `unmapped:LABEL`, which scoring counts as
wrong.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alignment.protocol import ProjectionInput, SpanProjector
from augmentation.whole_texts import WholeTranslation, turned_round
from corpora.checks import Task
from corpora.predictions import UNMAPPED, Prediction
from corpora.records import Row, Span

ANSWER = "answer"
"""Label of the span that answers a question."""
_LEAST = 1e-6
"""What a probability counts for that a predictor says is zero, or does not name."""


@dataclass(frozen=True, slots=True)
class TranslatedRow:
    """A row and its n-best translations, best first.

    `pairs` are the translations of `text_pair`, as many as `texts`; empty where there is none.
    """

    row: Row
    texts: tuple[WholeTranslation, ...]
    pairs: tuple[WholeTranslation, ...] = ()

    def variants(self, lang: str) -> list[Row]:
        """What the predictor is given, one row a translation, ids told apart by a number."""
        rows = []
        for number, text in enumerate(self.texts):
            pair = self.pairs[number].text if self.pairs else None
            name = self.row.id if number == 0 else f"{self.row.id}#{number}"
            rows.append(Row(name, lang, text.text, pair))
        return rows

    @property
    def flags(self) -> tuple[str, ...]:
        """What the guards found wrong with the best translation."""
        found = [*self.texts[0].flags, *(self.pairs[0].flags if self.pairs else ())]
        return tuple(f"translation-{flag}" for flag in dict.fromkeys(found))


def bring_back(
    task: Task,
    translated: Sequence[TranslatedRow],
    predictions: Sequence[Sequence[Prediction]],
    projector: SpanProjector | None,
    *,
    source: str,
    target: str,
) -> list[list[Prediction]]:
    """Predictions on the translations (`target`) as predictions on the rows (`source`).

    `predictions` has for every row one a translation. Classes are left as they are, and so is
    free text.
    """
    if task not in ("tokens", "qa") or projector is None:
        return [
            [replace(one, id=t.row.id) for one in own]
            for t, own in zip(translated, predictions, strict=True)
        ]
    inputs = [
        ProjectionInput(
            text.text,
            _apart(one.spans) if task == "tokens" else _answer(one, text.text),
            t.row.text,
            turned_round(text.segments),
            target,
            source,
        )
        for t, own in zip(translated, predictions, strict=True)
        for text, one in zip(t.texts, own, strict=True)
    ]
    projections = iter(zip(inputs, projector.project(inputs), strict=True))
    out = []
    for t, own in zip(translated, predictions, strict=True):
        back = []
        for one in own:
            given, projection = next(projections)
            spans: list[Span] = []
            lost = _left_behind(task, one, given.spans)
            for before, after in zip(given.spans, projection.placed, strict=True):
                if after is None:
                    lost.append(f"{UNMAPPED}:{before.label}")
                else:
                    spans.append(replace(after, confidence=_sure(before)))
            spans.sort(key=lambda s: (s.start, s.end))
            flags = (*one.flags, *lost)
            # An answer in the predictor's language is none in the row's.
            said = None if task == "qa" else one.target
            back.append(replace(one, id=t.row.id, spans=tuple(spans), target=said, flags=flags))
        out.append(back)
    return out


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans without those that overlap an earlier one: projectors place disjoint ones."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def _answer(prediction: Prediction, context: str) -> tuple[Span, ...]:
    """The answer in the translated `context`; one that is given as text is looked for there."""
    said = (prediction.target or "").strip()
    if prediction.spans or not said:
        return prediction.spans[:1]
    at = context.find(said)
    return () if at < 0 else (Span(at, at + len(said), ANSWER),)


def _left_behind(task: Task, prediction: Prediction, given: Sequence[Span]) -> list[str]:
    """Flags for what was predicted but cannot even be asked about."""
    if task == "qa":
        nowhere = not given and (prediction.target or "").strip()
        return [f"{UNMAPPED}:{ANSWER}"] if nowhere else []
    kept = set(given)
    return [f"{UNMAPPED}:{s.label}" for s in dict.fromkeys(prediction.spans) if s not in kept]


def _sure(span: Span) -> float:
    return 1.0 if span.confidence is None else span.confidence


def average(
    task: Task, predictions: Sequence[Prediction], weights: Sequence[float] | None = None
) -> Prediction:
    """One prediction of several on the same row; `weights` sum to one (None: all alike).

    Probabilities are averaged; a predictor that gives none is taken to be sure. A span is kept
    where voters of at least half the weight have it. The answer to a question is that of most
    weight times probability, unless half the weight finds none. Text is the first one's.
    """
    if len(predictions) == 1:
        return predictions[0]
    shares = list(weights) if weights is not None else [1 / len(predictions)] * len(predictions)
    first = predictions[0]
    chances: defaultdict[str, float] = defaultdict(float)
    for one, share in zip(predictions, shares, strict=True):
        for name, chance in probabilities_of(one).items():
            chances[name] += share * chance
    label = _top(chances) if chances else None
    spans, flags = _vote(task, predictions, shares)
    return Prediction(first.id, label, dict(chances), spans, first.target, flags)


def ensemble(task: Task, one: Prediction, other: Prediction, weight: float = 0.5) -> Prediction:
    """`one` and `other`, the latter with `weight`: logits are averaged, spans voted on.

    The average of logits is the normalised geometric mean of probabilities.
    """
    merged = average(task, [one, other], [1 - weight, weight])
    chances = _geometric(probabilities_of(one), probabilities_of(other), weight)
    if not chances:
        return merged
    return replace(merged, label=_top(chances), probabilities=chances)


def _top(chances: Mapping[str, float]) -> str:
    return max(chances, key=lambda name: (chances[name], name))


def probabilities_of(prediction: Prediction) -> Mapping[str, float]:
    """The probabilities, or all of it for the label where there are none."""
    if prediction.probabilities or prediction.label is None:
        return prediction.probabilities
    return {prediction.label: 1.0}


def _geometric(
    one: Mapping[str, float], other: Mapping[str, float], weight: float
) -> dict[str, float]:
    if not one or not other:
        return dict(one or other)
    logs = {
        label: (1 - weight) * math.log(max(one.get(label, 0.0), _LEAST))
        + weight * math.log(max(other.get(label, 0.0), _LEAST))
        for label in sorted({*one, *other})
    }
    top = max(logs.values())
    raised = {label: math.exp(value - top) for label, value in logs.items()}
    total = sum(raised.values())
    return {label: value / total for label, value in raised.items()}


def _vote(
    task: Task, predictions: Sequence[Prediction], shares: Sequence[float]
) -> tuple[tuple[Span, ...], tuple[str, ...]]:
    votes: defaultdict[tuple[int, int, str], float] = defaultdict(float)
    sure: defaultdict[tuple[int, int, str], float] = defaultdict(float)
    shapes: dict[tuple[int, int, str], Span] = {}
    none = 0.0
    lost: defaultdict[str, float] = defaultdict(float)
    for one, share in zip(predictions, shares, strict=True):
        for span in dict.fromkeys(one.spans):
            key = (span.start, span.end, span.label)
            votes[key] += share
            sure[key] += share * _sure(span)
            shapes.setdefault(key, span)
        for flag in one.flags:
            lost[flag] += share
        none += share * (not one.spans)
    half = 0.5 - 1e-9
    flags = tuple(flag for flag, share in lost.items() if share >= half)
    if task == "qa":
        # Unplaced answers are no votes for there being none.
        none -= sum(share for flag, share in lost.items() if flag.startswith(UNMAPPED))
        if not shapes or none >= half:
            return (), flags
        best = max(shapes, key=lambda key: (sure[key], votes[key], -key[0]))
        return (replace(shapes[best], confidence=sure[best]),), ()
    kept: list[Span] = []
    for key in sorted(shapes, key=lambda k: (-votes[k], -sure[k], k)):
        free = all(key[1] <= span.start or span.end <= key[0] for span in kept)
        if votes[key] >= half and free:
            kept.append(replace(shapes[key], confidence=sure[key]))
    return tuple(sorted(kept, key=lambda s: s.start)), flags
