"""What a model predicts for a row, and how files and pipes write it: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from corpora.labels import label_kind
from corpora.readers.values import (
    ValueProblem,
    decoded,
    read_labels,
    read_number,
    read_spans,
    short,
)
from corpora.records import Row, Span
from corpora.surrogates import without_surrogates

UNMAPPED = "unmapped"
"""Flag of a predicted span that could not be projected back onto its row, with the label after a
colon; it counts as a wrong prediction."""
_HIGHEST_PROBABILITY = 1.000001
"""The highest probability that is accepted: sums of rounded ones may exceed 1 by a little."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The prediction for one row, which has the same id."""

    id: str
    label: str | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """By label; empty where the predictor gives none."""
    spans: tuple[Span, ...] = ()
    """Predicted spans of the row's text, with their probability as `confidence`."""
    target: str | None = None
    flags: tuple[str, ...] = ()
    """What went wrong when it was made; see `UNMAPPED`."""
    candidates: tuple[Span, ...] = ()
    """All spans that may be there, the predicted ones among them, with their probabilities; they
    may overlap. For ensembles only, not in files. Empty where the predictor gives none."""
    labels: tuple[str, ...] | None = None
    """Classes, where a row may have any number of them; `probabilities` has each on its own."""
    value: float | None = None
    """Number, where rows are labelled with such."""

    @property
    def unmapped(self) -> tuple[str, ...]:
        """The labels of the predicted spans that could not be projected back."""
        marks = (flag.partition(":") for flag in self.flags)
        return tuple(label for flag, _, label in marks if flag == UNMAPPED)


def prediction_of_labels(
    row_id: str, labels: Sequence[str], probabilities: Iterable[float]
) -> Prediction:
    """The prediction for the row `row_id` that has those `labels` whose `probabilities`, each on
    its own, are one half or more."""
    by_label = dict(zip(labels, map(float, probabilities), strict=True))
    chosen = tuple(label for label, probability in by_label.items() if probability >= 0.5)
    return Prediction(row_id, None, by_label, labels=chosen)


def prediction_to_json(prediction: Prediction) -> dict[str, Any]:
    """`prediction` as an object that `prediction_from_json` reads; what is empty is left out."""
    values: dict[str, Any] = {"id": prediction.id}
    if prediction.label is not None:
        values["label"] = prediction.label
    if prediction.labels is not None:
        values["labels"] = list(prediction.labels)
    if prediction.value is not None:
        values["value"] = prediction.value
    if prediction.probabilities:
        values["probabilities"] = {k: round(v, 6) for k, v in prediction.probabilities.items()}
    values["spans"] = [_span_to_json(span) for span in prediction.spans]
    if prediction.target is not None:
        values["target"] = prediction.target
    if prediction.flags:
        values["flags"] = list(prediction.flags)
    return values


def _span_to_json(span: Span) -> dict[str, Any]:
    values: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
    if span.confidence is not None:
        values["confidence"] = round(span.confidence, 6)
    return values


def prediction_from_json(value: Any, rows: Mapping[str, Row]) -> Prediction:
    """A prediction from `value`, the JSON object of a line; `rows` are the rows by id.

    Offsets are into the text of the row with its id. Where there are probabilities and no label and
    no labels, the label is the most probable one. Raises `ValueProblem` that says what is wrong.
    """
    if not isinstance(value, dict):
        raise ValueProblem("not-an-object", f"not a JSON object: {short(value)}")
    given = value.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueProblem("no-id", "the prediction has no 'id'")
    for name in ("label", "target"):
        if not isinstance(value.get(name), str | None):
            raise ValueProblem("not-text", f"{name!r} is not a string: {short(value[name])}")
    flags = value.get("flags") or []
    if not isinstance(flags, list):
        raise ValueProblem("bad-flags", f"'flags' is not a list: {short(flags)}")
    key = str(given)
    labels = None if value.get("labels") is None else read_labels(value["labels"])
    prediction = Prediction(
        key,
        value.get("label"),
        _probabilities(value.get("probabilities")),
        _spans(value, rows.get(key)),
        value.get("target"),
        tuple(map(str, flags)),
        labels=labels,
        value=read_number(value.get("value"), "value"),
    )
    prediction = _with_label(prediction)
    _check_characters(prediction)
    return prediction


def prediction_of_row(row: Row, gold: Row | None) -> Prediction:
    """The labels of `row`, which was read from a file of predictions, as the prediction for the row
    `gold`; None is that of a row that does not exist.

    Probabilities and flags are in its `meta`, as JSON. Raises `ValueProblem` that says what is
    wrong.
    """
    probabilities = _probabilities(decoded(row.meta.get("probabilities"), "probabilities"))
    flags = decoded(row.meta.get("flags"), "flags") or []
    if not isinstance(flags, list):
        raise ValueProblem("bad-flags", f"'flags' is not a list: {short(flags)}")
    _check_spans(row.spans, row.id, None if gold is None else gold.text)
    prediction = Prediction(
        row.id,
        row.label,
        probabilities,
        row.spans,
        row.target,
        tuple(map(str, flags)),
        labels=row.labels,
        value=row.value,
    )
    prediction = _with_label(prediction)
    _check_characters(prediction)
    return prediction


def _with_label(prediction: Prediction) -> Prediction:
    """`prediction` with the most probable label, where it has probabilities alone."""
    if label_kind(prediction) is not None or not prediction.probabilities:
        return prediction
    return replace(prediction, label=most_probable(prediction.probabilities))


def most_probable(probabilities: Mapping[str, float]) -> str:
    """The label with the highest of `probabilities`; of equal ones the last by name."""
    return max(probabilities, key=lambda name: (probabilities[name], name))


def _spans(value: Mapping[str, Any], row: Row | None) -> tuple[Span, ...]:
    text = str(value.get("text", "")) if row is None else row.text
    spans = read_spans(value.get("spans"), text)
    _check_spans(spans, value["id"], None if row is None else text)
    return spans


def _check_spans(spans: tuple[Span, ...], row_id: Any, text: str | None) -> None:
    """Raise `ValueProblem` for one of `spans` that cannot be predicted for `text`; None is the text
    of a row that does not exist."""
    for span in spans:
        where = f"span {short(span.start)}:{short(span.end)}"
        if text is not None and not 0 <= span.start < span.end <= len(text):
            raise ValueProblem(
                "offset-out-of-range",
                f"{where} is outside the text of {row_id!r}, which has {len(text)} characters",
            )
        if not span.label:
            raise ValueProblem("missing-label", f"{where} has no label")
        if span.confidence is not None and not 0 <= span.confidence <= _HIGHEST_PROBABILITY:
            raise ValueProblem(
                "bad-confidence",
                f"{where} has a confidence that is not from 0 to 1: {span.confidence!r}",
            )


def _probabilities(value: Any) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueProblem("bad-probabilities", f"'probabilities' is not an object: {short(value)}")
    for label, number in value.items():
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        # The comparison is false for NaN, and no whole number overflows in it.
        if not is_number or not 0 <= number <= _HIGHEST_PROBABILITY:
            raise ValueProblem(
                "bad-probabilities", f"{label!r} has no probability: {short(number)}"
            )
    return {label: float(number) for label, number in value.items()}


def _check_characters(prediction: Prediction) -> None:
    """Raise `ValueProblem` for half a surrogate pair, which no UTF-8 file can hold."""
    strings = [prediction.id, prediction.label or "", prediction.target or ""]
    strings += [
        *(prediction.labels or ()),
        *prediction.probabilities,
        *prediction.flags,
        *(s.label for s in prediction.spans),
    ]
    joined = "\n".join(strings)
    if without_surrogates(joined) != joined:
        raise ValueProblem("lone-surrogate", "the prediction has half of a surrogate pair")
