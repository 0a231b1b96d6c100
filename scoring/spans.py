"""Span F1: strict over IOB2 tags of the gold's tokens, and exact over character offsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from corpora.text.words import words_of_row
from scoring.measures import Counts, Measure, f1, mean_measure, precision_recall_f1, signature

Entity = tuple[int, int, str]
"""First token or character, one past the last, label."""


def strict_chunks(tags: Sequence[str]) -> list[Entity]:
    """The entities of the IOB2 `tags` of a text's tokens, as seqeval's strict mode reads them.

    An entity starts with `B-X` and continues with `I-X`; an `I-` tag that continues nothing is no
    entity.
    """
    chunks: list[Entity] = []
    start, label = None, ""
    for index, tag in enumerate([*tags, "O"]):
        if start is not None and tag == f"I-{label}":
            continue
        if start is not None:
            chunks.append((start, index, label))
            start = None
        if tag.startswith("B-"):
            start, label = index, tag[2:]
    return chunks


def tags_of(row: Row, spans: Sequence[Span], *, words: Sequence[tuple[int, int]]) -> list[str]:
    """IOB2 tags of the `words` (offsets) of `row`: each of `spans` covers every word it touches.

    Where spans share a word, the one that starts first (and then the longer) has it.
    """
    tags = ["O"] * len(words)
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        inside = [i for i, (a, b) in enumerate(words) if a < span.end and span.start < b]
        if inside and all(tags[i] == "O" for i in inside):
            tags[inside[0]] = f"B-{span.label}"
            for i in inside[1:]:
                tags[i] = f"I-{span.label}"
    return tags


def tag_measure(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    *,
    unmapped: Sequence[Sequence[str]] | None = None,
    alphabet: Iterable[str] = (),
) -> Measure:
    """Micro F1 over entities in strict IOB2, by label in the details; as seqeval has it.

    `gold` and `predicted` are sequences of tags, one tag per token. `unmapped` has, for each
    sequence, the labels of predicted spans that could not be projected onto the text: they count
    as predicted and wrong.

    An `alphabet` of more labels changes no value; measures that share one have the same columns.
    Raises `ValueError` where sequences are of unequal number or length.
    """
    for number, (gold_tags, tags) in enumerate(zip(gold, predicted, strict=True)):
        if len(gold_tags) != len(tags):
            raise ValueError(
                f"sequence {number}: {len(gold_tags)} gold tags, {len(tags)} predicted"
            )
    return _entity_measure(
        "span_f1",
        signature("span_f1", average="micro", scheme="IOB2", mode="strict"),
        [strict_chunks(tags) for tags in gold],
        [
            strict_chunks(tags) + _unmapped(labels)
            for tags, labels in zip(predicted, unmapped or [()] * len(predicted), strict=True)
        ],
        alphabet,
    )


def span_measures(
    gold: Sequence[Row], predicted: Sequence[Prediction], *, alphabet: Iterable[str] = ()
) -> list[Measure]:
    """Strict span F1 over the gold's tokens, exact span F1 over offsets, and exact rows.

    `predicted` has the predictions of the rows `gold` in their order. The tokens are those that
    the gold row has, else the words of its text by Unicode's rules. A row is exact when all its
    spans (and its label, where it has one) are right. An `alphabet` of more labels changes no
    value; measures that share one have the same columns.
    Raises `UserError` where the gold has no span at all: F1 would mean nothing.
    """
    if not any(row.spans for row in gold):
        raise UserError("the gold has no spans at all, so that there is no span F1")
    labels = tuple(alphabet)
    words = [words_of_row(row) for row in gold]
    tagged = tag_measure(
        [tags_of(row, row.spans, words=w) for row, w in zip(gold, words, strict=True)],
        [
            tags_of(row, prediction.spans, words=w)
            for row, prediction, w in zip(gold, predicted, words, strict=True)
        ],
        unmapped=[prediction.unmapped for prediction in predicted],
        alphabet=labels,
    )
    offsets = _entity_measure(
        "exact_span_f1",
        signature("span_f1", average="micro", match="offsets+label"),
        [_entities(row.spans) for row in gold],
        [_entities(p.spans) + _unmapped(p.unmapped) for p in predicted],
        labels,
    )
    exact = [
        set(_entities(row.spans)) == set(_entities(prediction.spans))
        and not prediction.unmapped
        and (row.label is None or row.label == prediction.label)
        for row, prediction in zip(gold, predicted, strict=True)
    ]
    return [tagged, offsets, mean_measure("exact_rows", exact, signature("exact_rows"))]


def _entities(spans: Iterable[Span]) -> list[Entity]:
    return [(span.start, span.end, span.label) for span in spans]


def _unmapped(labels: Sequence[str]) -> list[Entity]:
    """Entities of `labels` at offsets that no text has."""
    return [(-1 - number, -1 - number, label) for number, label in enumerate(labels)]


def _entity_measure(
    name: str,
    text: str,
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    alphabet: Iterable[str],
) -> Measure:
    """Micro F1 of sets of entities; counts are hits, predictions and gold by label."""
    labels = sorted({e[2] for entities in (*gold, *predicted) for e in entities}.union(alphabet))
    size = len(labels)
    counts = _entity_counts(gold, predicted, labels)

    def parts(sums: Counts) -> tuple[Counts, Counts, Counts]:
        return sums[..., :size], sums[..., size : 2 * size], sums[..., 2 * size :]

    def value(sums: Counts) -> Counts:
        hits, predictions, golds = (part.sum(-1) for part in parts(sums))
        return 100 * f1(hits, predictions, golds)

    def details(sums: Counts) -> Mapping[str, Any]:
        hits, predictions, golds = parts(sums)
        whole = precision_recall_f1(hits.sum(), predictions.sum(), golds.sum())
        by_label = {
            label: precision_recall_f1(hits[i], predictions[i], golds[i])
            for i, label in enumerate(labels)
            if predictions[i] or golds[i]
        }
        mean = sum(scores["f1"] for scores in by_label.values()) / max(1, len(by_label))
        return {**whole, "macro_f1": mean, "by_label": by_label}

    return Measure(name, text, counts, value, details)


def _entity_counts(
    gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]], labels: Sequence[str]
) -> Counts:
    """Columns: hits by label, predictions by label, gold by label."""
    size = len(labels)
    index = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(gold), 3 * size))
    for item, pair in enumerate(zip(gold, predicted, strict=True)):
        gold_set, predicted_set = map(set, pair)
        both = gold_set & predicted_set
        for shift, entities in enumerate((both, predicted_set, gold_set)):
            for entity in entities:
                counts[item, shift * size + index[entity[2]]] += 1
    return counts
