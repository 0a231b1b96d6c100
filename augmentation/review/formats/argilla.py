"""Argilla 2: records with suggestions, the settings of their data set, and exported records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augmentation.review.answers import DROP, Answer, BadRecordError, marked_spans, string, texts_of
from augmentation.review.formats.tool import Tool, facts, spans_in, texts
from augmentation.review.queue import Queue, QueueItem
from corpora.storage import write_text

_SPANS, _CLASS, _VERDICT, _KEEP = "spans", "class", "verdict", "keep"


def write(queue: Queue, folder: Path) -> list[Path]:
    """Write `queue` into `folder`: records, and the settings of the data set that takes them."""
    records, settings = folder / "argilla.json", folder / "argilla-settings.json"
    values = [_record(item) for item in queue.items]
    write_text(records, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    write_text(settings, json.dumps(_settings(queue), ensure_ascii=False, indent=1) + "\n")
    return [records, settings]


def _record(item: QueueItem) -> dict[str, Any]:
    row = item.row
    shown = facts(item)
    agent = None if row.provenance is None else row.provenance.model
    suggestions: dict[str, dict[str, Any]] = {
        name: {"value": text, "score": None, "agent": agent} for name, text in texts(row).items()
    }
    marked = spans_in("utf16", row)
    if marked:
        suggestions[_SPANS] = {
            "value": [{"start": start, "end": end, "label": s.label} for start, end, s in marked],
            "score": [s.confidence if s.confidence is not None else 1.0 for *_, s in marked],
            "agent": next((s.projector for *_, s in marked if s.projector), None),
        }
    if row.label is not None:
        suggestions[_CLASS] = {"value": row.label, "score": None, "agent": agent}
    shown_texts = {name: shown.pop(name) for name in ("source", "source_pair") if name in shown}
    return {
        "id": row.id,
        "fields": {**shown_texts, "text": row.text},
        "metadata": shown,
        "suggestions": suggestions,
        "responses": {},
        "vectors": {},
    }


def _settings(queue: Queue) -> dict[str, Any]:
    first = _record(queue.items[0]) if queue.items else {"fields": {}, "suggestions": {}}
    fields = [
        {"name": name, "title": name, "required": name == "text", "settings": {"type": "text"}}
        for name in first["fields"]
    ]
    verdict = {"type": "label_selection", "options": _options([_KEEP, DROP])}
    questions = [_question(_VERDICT, verdict, required=True)]
    if queue.span_labels:
        spans = {"type": "span", "field": "text", "allow_overlapping": queue.task == "qa"}
        questions.append(_question(_SPANS, spans | {"options": _options(queue.span_labels)}))
    if queue.labels:
        choice = {"type": "label_selection", "options": _options(queue.labels)}
        questions.append(_question(_CLASS, choice))
    for name in texts(queue.items[0].row) if queue.items else ():
        questions.append(_question(name, {"type": "text", "use_markdown": False}))
    return {
        "guidelines": "Choose keep or drop; correct what is wrong.",
        "fields": fields,
        "questions": questions,
        "metadata": [],
        "vectors": [],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _question(name: str, settings: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "title": name, "required": required, "settings": settings}


def _options(labels: Any) -> list[dict[str, Any]]:
    return [{"value": label, "text": label, "description": None} for label in labels]


def _answer(number: int, record: Mapping[str, Any]) -> Answer | None:
    row_id, responses = string(record, "id"), record.get("responses")
    if not isinstance(responses, dict):
        raise BadRecordError("it has no responses")
    values: dict[str, Any] = {}
    for name, given in responses.items():
        if isinstance(given, list) and given:
            if not isinstance(given[-1], dict):
                raise BadRecordError(f"no response: {given[-1]!r:.80}")
            values[name] = given[-1].get("value")
    if not values:
        return None
    # Argilla fills in what was suggested, and leaves a question out where all of it was removed.
    spans = tuple(marked_spans(values.get(_SPANS) or []))
    label = values.get(_CLASS)
    return Answer(
        number,
        row_id,
        values.get(_VERDICT) == DROP,
        spans,
        label if isinstance(label, str) else None,
        texts_of(values),
    )


ARGILLA = Tool(
    "argilla",
    "utf16",  # its page counts as JavaScript does
    write,
    lambda top, record: "fields" in record and "responses" in record,
    _answer,
)
