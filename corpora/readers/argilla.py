"""Records of Argilla: version 2 (`fields`, `responses`, `suggestions`), and version 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corpora.readers.annotated import LeftOutError, Record, read_annotated, sort_value, texts_of
from corpora.readers.options import Items, ReadOptions, Source


def read_argilla(source: Source) -> Items:
    """The records of `source` as rows.

    Of the responses to a question the first counts that was not discarded, else its suggestion.
    Discarded records are left out. `--columns label=QUESTION` chooses a question; by default every
    one is read whose answer is what the task has.
    """
    yield from read_annotated(source, "argilla", _convert)


def _convert(value: Any, options: ReadOptions) -> Record:
    if str(value.get("status", "")).lower() == "discarded" and options.labelled:
        raise LeftOutError("discarded", "the annotators discarded the record")
    if not isinstance(value.get("fields"), dict):
        return _convert_first_version(value, options)
    metadata = value.get("metadata") or {}
    record = texts_of({"id": value.get("id"), **metadata, **value["fields"]}, options)
    answers = _answers(value)
    chosen = {options.columns.given().get(name) for name in ("label", "spans", "target")} - {None}
    for question, answer in answers.items():
        if not chosen or question in chosen:
            sort_value(answer, record, options)
    if not answers and options.labelled and options.task != "text":
        raise LeftOutError("not-annotated", "the record has no response and no suggestion")
    return record


def _answers(value: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to each question: a response, or else the suggestion."""
    answers: dict[str, Any] = {}
    for question, suggestion in (value.get("suggestions") or {}).items():
        if suggestion is not None:
            is_record = isinstance(suggestion, dict) and "value" in suggestion
            answers[question] = suggestion["value"] if is_record else suggestion
    for question, responses in (value.get("responses") or {}).items():
        given = [r for r in responses or [] if r.get("status") != "discarded"]
        if given:
            answers[question] = given[0]["value"]
    return answers


def _convert_first_version(value: Mapping[str, Any], options: ReadOptions) -> Record:
    inputs = value.get("inputs") or {}
    texts = {"text": inputs} if isinstance(inputs, str) else dict(inputs)
    if value.get("text") is not None:
        texts["text"] = value["text"]
    metadata = value.get("metadata") or {}
    record = texts_of({"id": value.get("id"), **metadata, **texts}, options)
    if value.get("tokens") is not None:
        record["tokens"] = value["tokens"]
    answer = value.get("annotation")
    if answer is None and value.get("prediction"):
        answer = value["prediction"]
        if options.task != "tokens":
            answer = _best(answer[0])
    if answer is None and options.labelled:
        raise LeftOutError("not-annotated", "the record has no annotation and no prediction")
    sort_value(_spans(answer), record, options)
    return record


def _best(prediction: Any) -> Any:
    """The label or text of the first of several predictions, which has a score beside it."""
    if not isinstance(prediction, dict):
        return prediction[0] if isinstance(prediction, list | tuple) else prediction
    return prediction["label" if "label" in prediction else "text"]


def _spans(answer: Any) -> Any:
    """`answer` with spans as objects: a list has the label first, perhaps a score at its end."""
    if not isinstance(answer, list) or not all(isinstance(item, list | tuple) for item in answer):
        return answer
    return [
        {"start": item[1], "end": item[2], "label": item[0], "confidence": [*item[3:], None][0]}
        for item in answer
    ]
