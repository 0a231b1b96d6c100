"""Predictions on translations brought back to the texts that were translated.

Classes come back as they are, spans by a projector, free text by translation. What several say (of
the n-best translations, or of the text in its own language) is made one. Nothing is dropped: a span
that cannot be placed leaves the flag `unmapped:LABEL`, which scoring counts as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alignment.protocol import ProjectionInput, SpanProjector
from augmentation.translate_test.span_ensemble import sure
from augmentation.translation.documents import WholeTranslation, turned_round
from corpora.checks import Task
from corpora.predictions import UNMAPPED, Prediction
from corpora.records import Row, Span

ANSWER = "answer"
"""Label of the span that answers a question."""


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
    candidates: bool = False,
) -> list[list[Prediction]]:
    """Predictions on the translations (`target`) as predictions on the rows (`source`).

    `predictions` has for every row one a translation. Classes are left as they are, and so is
    free text. With `candidates`, what a predictor weighed besides is brought back too.
    """
    if task not in ("tokens", "qa") or projector is None:
        return [
            [replace(one, id=t.row.id) for one in own]
            for t, own in zip(translated, predictions, strict=True)
        ]
    # Projectors place disjoint spans, so that each prediction asks for them in several layers.
    asked: list[list[tuple[Span, ...]]] = []
    inputs: list[ProjectionInput] = []
    for t, own in zip(translated, predictions, strict=True):
        for text, one in zip(t.texts, own, strict=True):
            chosen = _apart(one.spans) if task == "tokens" else _answer(one, text.text)
            layers = [chosen, *(_layers(chosen, one.candidates) if candidates else ())]
            asked.append(layers)
            segments = turned_round(text.segments)
            inputs += [
                ProjectionInput(text.text, spans, t.row.text, segments, target, source)
                for spans in layers
            ]
    projections = iter(projector.project(inputs))
    found = iter([[next(projections).placed for _ in layers] for layers in asked])
    layers_of = iter(asked)
    return [
        [_back(task, t.row.id, one, next(layers_of), next(found), candidates) for one in own]
        for t, own in zip(translated, predictions, strict=True)
    ]


def _back(
    task: Task,
    name: str,
    said: Prediction,
    asked: Sequence[tuple[Span, ...]],
    found: Sequence[tuple[Span | None, ...]],
    candidates: bool,
) -> Prediction:
    """What was `said` of a translation, as said of the row called `name`: `found` are the places
    of the spans that were `asked` for, layer by layer, the chosen ones first."""
    places = {
        (before.start, before.end): after
        for layer, placed in zip(asked, found, strict=True)
        for before, after in zip(layer, placed, strict=True)
        if after is not None
    }
    lost = _left_behind(task, said, asked[0])
    spans = []
    for before, after in zip(asked[0], found[0], strict=True):
        if after is None:
            lost.append(f"{UNMAPPED}:{before.label}")
        else:
            spans.append(replace(after, confidence=sure(before)))
    return replace(
        said,
        id=name,
        spans=tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        candidates=_moved(task, said.candidates, places) if candidates else (),
        # An answer in the predictor's language is none in the row's.
        target=None if task == "qa" else said.target,
        flags=(*said.flags, *lost),
    )


def _layers(chosen: Sequence[Span], candidates: Sequence[Span]) -> list[tuple[Span, ...]]:
    """The places of `candidates` beside those of `chosen`, as few sets of disjoint spans as a
    first fit finds, the most probable first."""
    seen = {(span.start, span.end) for span in chosen}
    layers: list[list[Span]] = []
    for span in sorted(candidates, key=lambda s: (-sure(s), s.start, s.end, s.label)):
        if (span.start, span.end) in seen:
            continue
        seen.add((span.start, span.end))
        for layer in layers:
            if all(span.end <= s.start or s.end <= span.start for s in layer):
                layer.append(span)
                break
        else:
            layers.append([span])
    return [tuple(sorted(layer, key=lambda s: s.start)) for layer in layers]


def _moved(
    task: Task, candidates: Sequence[Span], places: Mapping[tuple[int, int], Span]
) -> tuple[Span, ...]:
    """Candidates at their places in the row.

    Of answers that fall together the chances add up, and those that are lost leave theirs to the
    others: what is missing to 1 stays the chance that there is no answer.
    """
    chances: dict[tuple[int, int, str], float] = {}
    for span in candidates:
        place = places.get((span.start, span.end))
        if place is None:
            continue
        key = (place.start, place.end, span.label)
        before, own = chances.get(key, 0.0), sure(span)
        chances[key] = before + own if task == "qa" else max(before, own)
    scale = 1.0
    if task == "qa" and chances:
        scale = min(1.0, sum(map(sure, candidates))) / max(sum(chances.values()), 1e-12)
    return tuple(Span(*key, None, chance * scale) for key, chance in sorted(chances.items()))


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
