"""JSON lines, CSV and TSV."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pyarrow as pa

from corpora.batches import batch_to_rows, rows_to_batch
from corpora.records import Row, Span
from corpora.schema import ROW_SCHEMA
from corpora.writers.options import Target

_ROWS = 5_000
_LISTS = ("labels", "spans", "meta", "tokens", "source_spans", "scores")


def write_jsonl(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target`, one object per line.

    What a row lacks is left out, except `spans` where the task has them.
    """
    always = ("spans",) if target.task in (None, "tokens", "qa") else ()
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    while chunk := list(islice(rows, _ROWS)):
        lines = [encode(record(row, always)) for row in chunk]
        target.write("\n".join(lines) + "\n")


def record(row: Row, always: tuple[str, ...] = ()) -> dict[str, Any]:
    """`row` as a JSON object; None and empty values are left out unless `always` names them."""
    values: dict[str, Any] = {
        "id": row.id,
        "lang": row.lang,
        "text": row.text,
        "text_pair": row.text_pair,
        "label": row.label,
        "labels": row.labels,
        "value": row.value,
        "spans": [_span(s) for s in row.spans],
        "target": row.target,
        "split": row.split,
        "meta": dict(row.meta),
        "tokens": row.tokens,
    }
    if (provenance := row.provenance) is not None:
        values |= {
            "source_id": provenance.source_id,
            "source_lang": provenance.source_lang,
            "source_text": provenance.source_text,
            "source_text_pair": provenance.source_text_pair,
            "source_spans": [_span(s) for s in provenance.source_spans],
            "method": provenance.method,
            "model": provenance.model,
            "translation_score": provenance.translation_score,
            "scores": dict(provenance.scores),
        }
    return {
        key: value
        for key, value in values.items()
        if key in always or not (value is None or value == [] or value == {})
    }


def _span(span: Span) -> dict[str, Any]:
    value: dict[str, Any] = {"start": span.start, "end": span.end, "label": span.label}
    if span.projector is not None:
        value["projector"] = span.projector
    if span.confidence is not None:
        value["confidence"] = span.confidence
    return value


def write_csv(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target`: a header and quoted fields (RFC 4180).

    Lists and maps are JSON in a field.
    """
    for values in _table(rows, target):
        line = io.StringIO(newline="")
        # The standard's line break makes the module quote fields that hold \r or \n.
        csv.writer(line, lineterminator="\r\n").writerows(values)
        target.write(line.getvalue())


def write_tsv(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target`: a header and plain fields; lists and maps are JSON in a field.

    Raises `UserError` for a row with a tab or line break in a field, which TSV cannot hold.
    """
    for values in _table(rows, target):
        for fields in values:
            if any(sign in field for field in fields for sign in "\t\n\r"):
                row = Row(fields[0], "und", "")
                raise target.refuse(
                    row, "TSV cannot hold a tab or line break in a field; write CSV or JSON lines"
                )
        target.write("".join("\t".join(fields) + "\n" for fields in values))


def _table(rows: Iterator[Row], target: Target) -> Iterator[list[list[str]]]:
    """The header, then the fields of some rows at a time; only columns that some row uses.

    Which columns those are is known at the end only, so the rows wait in a temporary file.
    """
    used = {"id", "lang", "text"}
    if target.task in ("tokens", "qa"):
        used.add("spans")
    with tempfile.TemporaryFile() as spill:
        with pa.ipc.new_stream(spill, ROW_SCHEMA) as stream:
            while chunk := list(islice(rows, _ROWS)):
                batch = rows_to_batch(chunk)
                used.update(name for name in batch.schema.names if _has_values(batch, name))
                stream.write_batch(batch)
        spill.seek(0)
        columns = [name for name in ROW_SCHEMA.names if name in used]
        yield [columns]
        for batch in pa.ipc.open_stream(spill):
            records = (record(row) for row in batch_to_rows(batch))
            table = [_fields(values, columns) for values in records]
            yield [list(map(safe_cell, fields)) for fields in table] if target.safe_cells else table


def safe_cell(text: str) -> str:
    """`text` with an apostrophe before it if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _has_values(batch: pa.RecordBatch, name: str) -> bool:
    column = batch.column(name)
    # Of labels, an empty list says something: none of them.
    if name != "labels" and (pa.types.is_list(column.type) or pa.types.is_map(column.type)):
        return bool(column.offsets[-1].as_py() > column.offsets[0].as_py())
    return bool(column.null_count < len(column))


def _fields(values: Mapping[str, Any], columns: list[str]) -> list[str]:
    return [
        json.dumps(values[name], ensure_ascii=False)
        if name in _LISTS and name in values
        else str(values.get(name, ""))
        for name in columns
    ]
