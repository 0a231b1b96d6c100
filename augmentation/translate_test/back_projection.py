"""Predictions on translations projected back onto the texts that were translated.

Classes are kept, spans are projected, free text is translated back (`round_trip`). Nothing is
dropped: a span that cannot be placed in the original text leaves the flag `unmapped:LABEL`, which
scoring counts as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alignment.protocol import ProjectionInput, SpanProjector
from augmentation.translate_test.span_ensemble import probability_of
from augmentation.translation.documents import DocumentTranslation, transpose
from corpora.choices import Task
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
    texts: tuple[DocumentTranslation, ...]
    pairs: tuple[DocumentTranslation, ...] = ()

    def variants(self, lang: str) -> list[Row]:
        """The translations as rows in `lang` for the predictor, with a number in the id of each."""
        rows = []
        for number, text in enumerate(self.texts):
            pair = self.pairs[number].text if self.pairs else None
            name = self.row.id if number == 0 else f"{self.row.id}#{number}"
            rows.append(Row(name, lang, text.text, pair))
        return rows

    @property
    def flags(self) -> tuple[str, ...]:
        """What the guards found wrong with the best translation."""
        flags = [*self.texts[0].flags, *(self.pairs[0].flags if self.pairs else ())]
        return tuple(f"translation-{flag}" for flag in dict.fromkeys(flags))


def back_project(
    task: Task,
    translated: Sequence[TranslatedRow],
    predictions: Sequence[Sequence[Prediction]],
    projector: SpanProjector | None,
    *,
    source: str,
    target: str,
    candidates: bool = False,
) -> list[list[Prediction]]:
    """Predictions for `task` on translations, as predictions on the rows they are translations of.

    `predictions` has for every row of `translated` one prediction for each of its translations.
    `source` is the language of the rows, `target` that of the translations. Spans are projected
    back by `projector`; classes and free text are left as they are. With `candidates`, those of a
    prediction are projected back too.
    """
    if task not in ("tokens", "qa") or projector is None:
        return [
            [replace(prediction, id=row.row.id) for prediction in of_row]
            for row, of_row in zip(translated, predictions, strict=True)
        ]
    # Projectors place disjoint spans, so that the spans of a prediction are several inputs.
    requested: list[list[tuple[Span, ...]]] = []
    inputs: list[ProjectionInput] = []
    for row, of_row in zip(translated, predictions, strict=True):
        for text, prediction in zip(row.texts, of_row, strict=True):
            chosen = _chosen_spans(task, prediction, text.text)
            layers = [chosen, *(_layers(chosen, prediction.candidates) if candidates else ())]
            requested.append(layers)
            segments = transpose(text.segments)
            inputs += [
                ProjectionInput(text.text, spans, row.row.text, segments, target, source)
                for spans in layers
            ]
    projections = iter(projector.project(inputs))
    placed = iter([[next(projections).placed for _ in layers] for layers in requested])
    layers_of = iter(requested)
    return [
        [
            _back_projected(task, row.row.id, prediction, next(layers_of), next(placed), candidates)
            for prediction in of_row
        ]
        for row, of_row in zip(translated, predictions, strict=True)
    ]


def _back_projected(
    task: Task,
    row_id: str,
    prediction: Prediction,
    requested: Sequence[tuple[Span, ...]],
    placed: Sequence[tuple[Span | None, ...]],
    candidates: bool,
) -> Prediction:
    """`prediction` on a translation as a prediction on the row `row_id`.

    `placed` are the projections of the `requested` spans, layer by layer, the chosen ones first.
    """
    projected = {
        (before.start, before.end): after
        for layer, afters in zip(requested, placed, strict=True)
        for before, after in zip(layer, afters, strict=True)
        if after is not None
    }
    flags = _unmapped_flags(task, prediction, requested[0])
    spans = []
    for before, after in zip(requested[0], placed[0], strict=True):
        if after is None:
            flags.append(f"{UNMAPPED}:{before.label}")
        else:
            spans.append(replace(after, confidence=probability_of(before)))
    return replace(
        prediction,
        id=row_id,
        spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))),
        candidates=_moved(task, prediction.candidates, projected) if candidates else (),
        # An answer is text in the predictor's language, not in the row's.
        target=None if task == "qa" else prediction.target,
        flags=(*prediction.flags, *flags),
    )


def _layers(chosen: Sequence[Span], candidates: Sequence[Span]) -> list[tuple[Span, ...]]:
    """The offsets of `candidates` that `chosen` does not have, as few sets of disjoint spans as a
    first fit finds, the most probable first."""
    seen = {(span.start, span.end) for span in chosen}
    layers: list[list[Span]] = []
    for span in sorted(candidates, key=lambda s: (-probability_of(s), s.start, s.end, s.label)):
        if (span.start, span.end) in seen:
            continue
        seen.add((span.start, span.end))
        for layer in layers:
            if all(span.end <= other.start or other.end <= span.start for other in layer):
                layer.append(span)
                break
        else:
            layers.append([span])
    return [tuple(sorted(layer, key=lambda span: span.start)) for layer in layers]


def _moved(
    task: Task, candidates: Sequence[Span], projected: Mapping[tuple[int, int], Span]
) -> tuple[Span, ...]:
    """Candidates projected onto the row.

    The probabilities of answers with the same projection add up. Those of answers that could not be
    projected are shared among the others, so that the probability of no answer does not change.
    """
    probabilities: dict[tuple[int, int, str], float] = {}
    for span in candidates:
        target = projected.get((span.start, span.end))
        if target is None:
            continue
        key = (target.start, target.end, span.label)
        before, probability = probabilities.get(key, 0.0), probability_of(span)
        probabilities[key] = before + probability if task == "qa" else max(before, probability)
    scale = 1.0
    if task == "qa" and probabilities:
        total = sum(map(probability_of, candidates))
        scale = min(1.0, total) / max(sum(probabilities.values()), 1e-12)
    return tuple(
        Span(*key, None, probability * scale) for key, probability in sorted(probabilities.items())
    )


def _chosen_spans(task: Task, prediction: Prediction, text: str) -> tuple[Span, ...]:
    """The spans of a prediction on the translation `text`, disjoint."""
    return _disjoint(prediction.spans) if task == "tokens" else _answer(prediction, text)


def _disjoint(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans without those that overlap an earlier one: projectors place disjoint ones."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def _answer(prediction: Prediction, context: str) -> tuple[Span, ...]:
    """The answer in the translated `context`; one that is given as text is looked for there."""
    text = (prediction.target or "").strip()
    if prediction.spans or not text:
        return prediction.spans[:1]
    start = context.find(text)
    return () if start < 0 else (Span(start, start + len(text), ANSWER),)


def _unmapped_flags(task: Task, prediction: Prediction, chosen: Sequence[Span]) -> list[str]:
    """Flags for what was predicted but is not even among the `chosen` spans to project."""
    if task == "qa":
        nowhere = not chosen and (prediction.target or "").strip()
        return [f"{UNMAPPED}:{ANSWER}"] if nowhere else []
    kept = set(chosen)
    return [
        f"{UNMAPPED}:{span.label}" for span in dict.fromkeys(prediction.spans) if span not in kept
    ]
