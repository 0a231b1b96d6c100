"""JSON for annotation tools: doccano, Label Studio, Argilla and Prodigy; and a plain JSON list.

Each record has, beside what its tool reads, the columns of our own that the tool keeps and that
readers read back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from corpora.records import Row, Span
from corpora.text.units import offsets_in
from corpora.writers.options import Target
from corpora.writers.tables import record

_SPAN_QUESTION, _CLASS_QUESTION, _TEXT_QUESTION = "span", "label", "target"


def write_json(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as a JSON list of objects like those of JSON lines."""
    always = ("spans",) if target.task in (None, "tokens", "qa") else ()
    _write_list(rows, target, lambda row: record(row, always))


def write_doccano(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as doccano's JSON lines: `label` has `[start, end, label]`, or the
    class, or the free text; the class of a row of `tokens` is `intent`."""
    for row in rows:
        values = record(row)
        spans = [[s.start, s.end, s.label] for s in row.spans]
        label, free_text = values.pop("label", None), values.pop("target", None)
        values.pop("spans", None)
        if spans or target.task == "tokens":
            values |= {"label": spans} | ({} if label is None else {"intent": label})
        else:
            values["label"] = [item for item in (label, free_text) if item is not None]
        target.write(_line(values))


def write_prodigy(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as Prodigy's JSON lines, each accepted; spans of rows with tokens
    say which of these they cover."""
    for row in rows:
        values = record(row, ("spans",) if target.task == "tokens" else ())
        if row.tokens is not None:
            values["tokens"] = [
                {"text": row.text[start:end], "start": start, "end": end, "id": number}
                for number, (start, end) in enumerate(row.tokens)
            ]
            for span in values.get("spans", ()):
                _add_tokens(span, row.tokens)
        target.write(_line(values | {"answer": "accept"}))


def _add_tokens(span: dict[str, Any], tokens: tuple[tuple[int, int], ...]) -> None:
    inside = [n for n, (a, b) in enumerate(tokens) if a < span["end"] and span["start"] < b]
    if inside:
        span |= {"token_start": inside[0], "token_end": inside[-1]}


def write_label_studio(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as tasks of Label Studio, with offsets that count UTF-16.

    Labels that were projected are predictions, any others annotations. In the labelling interface,
    the text is called `text`, and what labels it `label` (spans), `class` or `target`.
    """
    _write_list(rows, target, _task)


def _task(row: Row) -> dict[str, Any]:
    data = record(row)
    for name in ("spans", "label", "target"):
        data.pop(name, None)
    if row.tokens is not None:
        edges = map(offsets_in(row.text, "utf16"), chain.from_iterable(row.tokens))
        data["tokens"] = list(zip(edges, edges, strict=True))
    results = [_labels(span, row.text) for span in row.spans]
    if row.label is not None:
        results.append(_result("class", "choices", {"choices": [row.label]}))
    if row.target is not None:
        results.append(_result("target", "textarea", {"text": [row.target]}))
    if row.provenance is None:
        return {"data": data, "annotations": [{"result": results}]}
    made_by = {"model_version": row.provenance.model or row.provenance.method}
    return {"data": data, "predictions": [{**made_by, "result": results}]}


def _labels(span: Span, text: str) -> dict[str, Any]:
    start, end = map(offsets_in(text, "utf16"), (span.start, span.end))
    value = {
        "start": start,
        "end": end,
        "text": text[span.start : span.end],
        "labels": [span.label],
    }
    result = _result("label", "labels", value)
    return result if span.confidence is None else result | {"score": span.confidence}


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value}


def write_argilla(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as a list of Argilla's records.

    Texts are fields, labels suggestions for the questions `span`, `label` and `target`, and
    everything else is metadata.
    """
    always = ("spans",) if target.task == "tokens" else ()
    _write_list(rows, target, lambda row: _argilla_record(row, record(row, always)))


def _argilla_record(row: Row, values: dict[str, Any]) -> dict[str, Any]:
    fields = {name: values.pop(name) for name in ("text", "text_pair") if name in values}
    row_id, spans = values.pop("id"), values.pop("spans", None)
    answers: dict[str, Any] = {
        _SPAN_QUESTION: None if spans is None else [_argilla_span(span) for span in row.spans],
        _CLASS_QUESTION: values.pop("label", None),
        _TEXT_QUESTION: values.pop("target", None),
    }
    metadata = values.pop("meta", {}) | {
        key: value if isinstance(value, str | float) else _json(value)
        for key, value in values.items()
    }
    suggestions = {q: {"value": v} for q, v in answers.items() if v is not None}
    return {
        "id": row_id,
        "fields": fields,
        "metadata": metadata,
        "suggestions": suggestions,
        "responses": {},
    }


def _argilla_span(span: Span) -> dict[str, Any]:
    value = {"start": span.start, "end": span.end, "label": span.label}
    return value if span.confidence is None else value | {"score": span.confidence}


def _write_list(
    rows: Iterator[Row], target: Target, convert: Callable[[Row], dict[str, Any]]
) -> None:
    target.write("[")
    for number, row in enumerate(rows):
        target.write((",\n" if number else "\n") + _json(convert(row)))
    target.write("\n]\n")


def _line(values: dict[str, Any]) -> str:
    return _json(values) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
