"""Prodigy: JSON lines in the format of its recipes for spans (`ner.manual`) and choices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augmentation.review.answers import ID, Answer, BadRecordError, marked_spans, string, texts_of
from augmentation.review.formats.tool import Tool, facts, spans_in, texts
from augmentation.review.queue import Queue, QueueItem
from corpora.storage import write_text


def write(queue: Queue, folder: Path) -> list[Path]:
    """Write `queue` into `folder`, one task per line."""
    path = folder / "prodigy.jsonl"
    options = [{"id": label, "text": label} for label in queue.labels]
    lines = [json.dumps(_task(item, options), ensure_ascii=False) for item in queue.items]
    write_text(path, "".join(line + "\n" for line in lines))
    return [path]


def _task(item: QueueItem, options: list[dict[str, str]]) -> dict[str, Any]:
    row = item.row
    shown = facts(item)
    task: dict[str, Any] = {ID: row.id, "text": row.text, **texts(row), "meta": shown}
    task["spans"] = [
        {
            "start": start,
            "end": end,
            "label": span.label,
            "confidence": span.confidence,
            "source": span.projector,
        }
        for start, end, span in spans_in("codepoints", row)
    ]
    if row.label is not None:
        task |= {"options": options, "accept": [row.label]}
    return task


def _answer(number: int, record: Mapping[str, Any]) -> Answer | None:
    row_id, answer = string(record, ID), string(record, "answer")
    if answer == "ignore":
        return None
    if answer not in ("accept", "reject"):
        raise BadRecordError(f"an answer is accept, reject or ignore, not {answer!r}")
    accepted = record.get("accept")
    label = None
    if isinstance(accepted, list) and accepted:
        if len(accepted) > 1 or not isinstance(accepted[0], str):
            raise BadRecordError(f"one option must be chosen, not {accepted!r:.80}")
        label = accepted[0]
    spans = tuple(marked_spans(record["spans"])) if "spans" in record else None
    return Answer(number, row_id, answer == "reject", spans, label, texts_of(record))


PRODIGY = Tool("prodigy", "codepoints", write, lambda top, record: "answer" in record, _answer)
