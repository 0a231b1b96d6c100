"""Label Studio: tasks with predictions, a labelling interface, and exports in its JSON format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from augmentation.review.answers import (
    DROP,
    ID,
    TEXTS,
    Answer,
    BadRecordError,
    MarkedSpan,
    marked_spans,
    string,
    texts_of,
)
from augmentation.review.formats.tool import Tool, facts, spans_in, texts
from augmentation.review.queue import Queue, QueueItem
from corpora.storage import write_text

_SPANS, _CLASS, _VERDICT = "label", "class", "verdict"


def write(queue: Queue, folder: Path) -> list[Path]:
    """Write `queue` into `folder`: tasks, and the labelling interface that they need."""
    tasks, interface = folder / "label-studio.json", folder / "label-studio.xml"
    values = [_task(item) for item in queue.items]
    write_text(tasks, json.dumps(values, ensure_ascii=False, indent=1) + "\n")
    write_text(interface, _interface(queue))
    return [tasks, interface]


def _task(item: QueueItem) -> dict[str, Any]:
    row = item.row
    result: list[dict[str, Any]] = [
        {
            "id": f"span-{number}",
            "from_name": _SPANS,
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": start,
                "end": end,
                "text": row.text[span.start : span.end],
                "labels": [span.label],
            },
            "score": span.confidence,
            "meta": {"text": [span.projector or ""]},
        }
        for number, (start, end, span) in enumerate(spans_in("utf16", row))
    ]
    if row.label is not None:
        value = {"choices": [row.label]}
        result.append({"from_name": _CLASS, "to_name": "text", "type": "choices", "value": value})
    origin = row.provenance
    model = "unknown" if origin is None else origin.model
    return {
        "data": {"text": row.text, **facts(item), **texts(row)},
        "predictions": [{"model_version": model, "score": 1 - item.doubt, "result": result}],
    }


def _interface(queue: Queue) -> str:
    first = queue.items[0].row if queue.items else None
    lines = ["<View>", '  <View style="display: flex; gap: 2em; flex-wrap: wrap">']
    lines += ['    <View style="flex: 1 1 20em">', '      <Header value="Source"/>']
    lines += ['      <Text name="source" value="$source"/>']
    if first and first.provenance and first.provenance.source_text_pair is not None:
        lines += ['      <Text name="source_pair" value="$source_pair"/>']
    lines += ['      <Text name="why" value="$why"/>', "    </View>"]
    lines += ['    <View style="flex: 1 1 20em">', '      <Header value="Translation"/>']
    if queue.span_labels:
        lines += [f'      <Labels name="{_SPANS}" toName="text">']
        lines += [f"        <Label value={quoteattr(label)}/>" for label in queue.span_labels]
        lines += ["      </Labels>"]
    lines += ['      <Text name="text" value="$text"/>']
    if queue.labels:
        lines += [f'      <Choices name="{_CLASS}" toName="text" choice="single">']
        lines += [f"        <Choice value={quoteattr(label)}/>" for label in queue.labels]
        lines += ["      </Choices>"]
    for name in texts(first) if first else ():
        lines += [
            f'      <TextArea name="{name}" toName="text" value="${name}" editable="true" '
            'maxSubmissions="1"/>'
        ]
    lines += [f'      <Choices name="{_VERDICT}" toName="text" choice="single">']
    lines += [f'        <Choice value="{DROP}"/>', "      </Choices>"]
    return "\n".join([*lines, "    </View>", "  </View>", "</View>"]) + "\n"


def _answer(number: int, record: Mapping[str, Any]) -> Answer | None:
    data, annotations = record.get("data"), record.get("annotations")
    if not isinstance(data, dict) or not isinstance(annotations, list):
        raise BadRecordError("no task with annotations: export as JSON")
    row_id = string(data, ID)
    done = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled")]
    if not done:
        return None
    latest = max(done, key=lambda a: str(a.get("updated_at") or a.get("created_at") or ""))
    results = latest.get("result")
    if not isinstance(results, list) or not all(isinstance(r, dict) for r in results):
        raise BadRecordError("its annotation has no list of results")
    spans: list[MarkedSpan] = []
    values: dict[str, Any] = {}
    for result in results:
        name, value = result.get("from_name"), result.get("value")
        if not isinstance(value, dict):
            continue  # a relation between spans
        if name == _SPANS:
            labels = value.get("labels")
            if not isinstance(labels, list):
                raise BadRecordError(f"a span needs labels: {value!r:.80}")
            spans += marked_spans([{**value, "label": label} for label in labels])
        elif name in (_CLASS, _VERDICT):
            values[name] = next(iter(value.get("choices") or ()), None)
        elif name in TEXTS.values():
            text = value.get("text")
            values[name] = "\n".join(map(str, text)) if isinstance(text, list) else text
    label = values.get(_CLASS)
    return Answer(
        number,
        row_id,
        values.get(_VERDICT) == DROP,
        tuple(spans),
        label if isinstance(label, str) else None,
        texts_of(values),
    )


LABEL_STUDIO = Tool(
    "label-studio",
    "utf16",
    write,
    lambda top, record: "annotations" in record and "data" in record,
    _answer,
)
