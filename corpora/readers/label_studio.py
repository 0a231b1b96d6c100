"""Exports of Label Studio (JSON and JSON-MIN): tasks with annotations and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from corpora.readers.annotated import LeftOutError, Record, read_annotated, sort_value, texts_of
from corpora.readers.options import Items, ReadOptions, Source

_MIN = ("annotation_id", "annotator", "lead_time", "created_at", "updated_at", "agreement")
"""What a task of JSON-MIN has beside its data and its annotations."""


def read_label_studio(source: Source) -> Items:
    """The tasks of `source` as rows, whose offsets count units of UTF-16.

    Of several annotations that were not cancelled, the first that is ground truth counts, or else
    the first; where there is none, the first prediction, which `meta` then says. Labels are spans,
    choices a class, text areas free text.
    """
    options = source.options
    source = replace(source, options=replace(options, offsets=options.offsets or "utf16"))
    yield from read_annotated(source, "label-studio", _convert)


def _convert(value: Any, options: ReadOptions) -> Record:
    if not isinstance(value.get("data"), dict):
        return _convert_min(value, options)
    record = texts_of({"id": value.get("id"), **value["data"]}, options)
    results, made_by = _results(value)
    if results is None:
        if options.labelled:
            raise LeftOutError("not-annotated", "the task has no annotation and no prediction")
        return record
    if made_by == "prediction":
        record["label_source"] = made_by
    for result in results:
        _add(result.get("value"), result.get("score"), record, options)
    return record


def _results(task: Mapping[str, Any]) -> tuple[list[Any] | None, str]:
    """The results that count of a task, None where there are none, and what they are."""
    given = task.get("annotations") or task.get("completions") or []
    annotations = [a for a in given if isinstance(a, dict) and not a.get("was_cancelled")]
    if annotations:
        chosen = next((a for a in annotations if a.get("ground_truth")), annotations[0])
        return chosen.get("result") or [], "annotation"
    if given and all(isinstance(a, dict) for a in given):
        raise LeftOutError("skipped", "the annotators skipped the task")
    predictions = [p for p in task.get("predictions") or [] if isinstance(p, dict)]
    return (predictions[0].get("result") or [], "prediction") if predictions else (None, "")


def _add(value: Any, score: Any, record: Record, options: ReadOptions) -> None:
    """Add a result's `value` to `record`; other kinds of results are not read."""
    if not isinstance(value, dict):
        return
    labels = value.get("labels") or value.get("hypertextlabels")
    if labels and "start" in value:
        span = {"start": value["start"], "end": value["end"], "confidence": score}
        if isinstance(value.get("text"), str):
            span["text"] = value["text"].replace("\\n", "\n")
        sort_value([{**span, "label": label} for label in labels], record, options)
    elif "choices" in value and options.task != "text":
        sort_value(value["choices"], record, options)
    elif "text" in value and options.task == "text":
        sort_value(value["text"], record, options)


def _convert_min(value: Mapping[str, Any], options: ReadOptions) -> Record:
    record: Record = {}
    data = {}
    for key, item in value.items():
        if isinstance(item, list) and item and all(isinstance(v, dict) for v in item):
            for result in item:
                _add(result, None, record, options)
        elif isinstance(item, dict) and "choices" in item:
            sort_value(item["choices"], record, options)
        elif key not in _MIN:
            data[key] = item
    return texts_of(data, options) | record
