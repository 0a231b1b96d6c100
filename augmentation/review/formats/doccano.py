"""doccano: JSON lines for sequence labelling or classification.

doccano has no way to give a row up: a span or class `drop` does it. Its texts cannot be edited.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augmentation.review.answers import DROP, ID, Answer, BadRecordError, marked_spans, string
from augmentation.review.formats.tool import Tool, facts, spans_in
from augmentation.review.queue import Queue, QueueItem
from corpora.storage import write_text


def write(queue: Queue, folder: Path) -> list[Path]:
    """Write `queue` into `folder`: rows with their labels, and the labels to choose from."""
    rows, labels = folder / "doccano.jsonl", folder / "doccano-labels.json"
    spans = queue.task in ("tokens", "qa")
    lines = [json.dumps(_record(item, spans), ensure_ascii=False) for item in queue.items]
    write_text(rows, "".join(line + "\n" for line in lines))
    names = [*(queue.span_labels if spans else queue.labels), DROP]
    write_text(labels, json.dumps([{"text": n} for n in names], ensure_ascii=False) + "\n")
    return [rows, labels]


def _record(item: QueueItem, spans: bool) -> dict[str, Any]:
    row = item.row
    if spans:
        label: list[Any] = [[start, end, s.label] for start, end, s in spans_in("utf16", row)]
    else:
        label = [row.label] if row.label is not None else []
    pair = {} if row.text_pair is None else {"text_pair": row.text_pair}
    return {"text": row.text, "label": label, **pair, **facts(item)}


def _answer(number: int, record: Mapping[str, Any]) -> Answer | None:
    labels = next(
        (record[name] for name in ("label", "labels", "entities") if name in record), None
    )
    if not isinstance(labels, list):
        raise BadRecordError("it has no list 'label'")
    row_id, texts = string(record, ID), {"text": string(record, "text")}
    if labels and all(isinstance(label, str) for label in labels):
        wanted = [label for label in labels if label != DROP]
        if len(wanted) > 1:
            raise BadRecordError(f"it has several labels: {', '.join(wanted)}")
        return Answer(number, row_id, DROP in labels, None, next(iter(wanted), None), texts)
    spans = tuple(marked_spans(labels))
    drop = any(span.label == DROP for span in spans)
    return Answer(number, row_id, drop, spans, None, texts, spans_in_old_text=False)


DOCCANO = Tool(
    "doccano",
    "utf16",  # unless a project counts grapheme clusters
    write,
    lambda top, record: ID in record and bool({"label", "labels", "entities"} & record.keys()),
    _answer,
)
