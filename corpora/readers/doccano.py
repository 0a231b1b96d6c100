"""Exports of doccano: JSON lines with `label`, `[start, end, label]` or classes, or `entities`."""

from __future__ import annotations

from typing import Any

from corpora.readers.annotated import Record, read_annotated, sort_value
from corpora.readers.options import Items, ReadOptions, Source


def read_doccano(source: Source) -> Items:
    """The rows of `source`, an export of doccano.

    Spans are in `label` or `labels` as `[start, end, label]`, or in `entities` with `start_offset`
    and `end_offset`; classes and free text are lists of strings. Relations and comments are not
    read.
    """
    yield from read_annotated(source, "doccano", _convert)


def _convert(value: Any, options: ReadOptions) -> Record:
    given = dict(value)
    for name in ("Comments", "comments", "relations"):
        given.pop(name, None)
    record: Record = {}
    for name in ("label", "labels", "entities", "cats"):
        sort_value(_plain(given.pop(name, None)), record, options)
    if options.task == "tokens" and "intent" in given:
        record.setdefault("label", given.pop("intent"))
    if "text" not in given and "data" in given:
        given["text"] = given.pop("data")
    return given | record


def _plain(labels: Any) -> Any:
    if not isinstance(labels, list) or not all(isinstance(item, dict) for item in labels):
        return labels
    return [
        {"start": item["start_offset"], "end": item["end_offset"], "label": item["label"]}
        if "start_offset" in item
        else item
        for item in labels
    ]
