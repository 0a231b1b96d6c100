"""Exports of annotation tools: each record is converted to one with the columns of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from corpora.readers.columns import usual_names
from corpora.readers.json_records import json_values
from corpora.readers.options import ColumnMapping, Defect, Items, ReadOptions, Source
from corpora.readers.tables import rows_of_records
from corpora.readers.values import ValueProblem, short
from corpora.records import Row

Record = dict[str, Any]
Convert = Callable[[Any, ReadOptions], Record]
"""Makes a record with our own columns of a tool's record. Raises `LeftOutError`, `ValueProblem`,
and what Python raises for another structure."""
TEXT_FIELDS = ("text", "text_pair", "label", "spans", "target", "id")
"""Fields whose column `--columns` may name where a tool lets its users name them."""


class LeftOutError(ValueProblem):
    """A record that annotators left out: rejected, skipped, or not annotated yet."""


def read_annotated(source: Source, tool: str, convert: Convert) -> Items:
    """The rows of `source`, an export of `tool`, each as `convert` reads it."""
    # The columns that the user names are those of the tool's records.
    inner = replace(source, options=replace(source.options, columns=ColumnMapping()))
    yield from rows_of_records(inner, _converted(source, tool, convert))


def _converted(
    source: Source, tool: str, convert: Convert
) -> Iterator[tuple[int, Record] | Defect]:
    options = source.options
    for item in json_values(source):
        if isinstance(item, Defect):
            yield item
            continue
        number, value = item
        try:
            record = convert(value, options)
            _require_label(record, options)
            yield number, record
        except ValueProblem as problem:
            left_out = isinstance(problem, LeftOutError)
            yield Defect(number, problem.reason, problem.detail, _remains(value, source), left_out)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            detail = f"not a record of {tool}: {short(value)} ({type(error).__name__}: {error})"
            yield Defect(number, f"not-{tool}", detail, _remains(value, source))


def _require_label(record: Record, options: ReadOptions) -> None:
    if options.task in ("classification", "pair"):
        if record.setdefault("label", None) in (None, "", []) and options.labelled:
            raise LeftOutError("not-annotated", "the record has no label yet")
    elif options.task in ("tokens", "qa"):
        record.setdefault("spans", None if options.task == "qa" else [])


def _remains(value: Any, source: Source) -> Row:
    text = value.get("text") if isinstance(value, dict) else None
    row_id = value.get("id") if isinstance(value, dict) else None
    return Row(
        str(row_id) if isinstance(row_id, str | int) else "",
        source.lang,
        text if isinstance(text, str) else short(value),
    )


def texts_of(data: Mapping[str, Any], options: ReadOptions) -> Record:
    """`data`, the fields of a record that its user named, with the texts under our own names.

    `options` name the fields, or say which task's usual names are looked for. Raises
    `ValueProblem` where it cannot be told which field has the text.
    """
    record = dict(data)
    for name in ("text", "text_pair", "id") if options.task in ("pair", "qa") else ("text", "id"):
        column = options.columns.given().get(name) or _usual(record, name, options)
        if column is None and name == "text" and options.gold is None:
            texts = [key for key, value in record.items() if isinstance(value, str)]
            if len(texts) != 1:
                problem = f"no field {name!r} among {short(list(record))}: name it with --columns"
                raise ValueProblem("missing-field", problem)
            column = texts[0]
        if column is not None and column != name:
            record[name] = record.pop(column)
    return record


def _usual(record: Record, name: str, options: ReadOptions) -> str | None:
    return next((n for n in usual_names(name, options.task) if n in record), None)


def one_label(labels: Sequence[Any]) -> Any:
    """The label in the list `labels`, None where it is empty; several stay a list."""
    return labels[0] if len(labels) == 1 else list(labels) or None


def sort_value(value: Any, record: Record, options: ReadOptions) -> None:
    """Add to `record` what annotators gave as `value`: spans, a label, labels, or free text.

    Spans are added to those that are there already; `options` tell a label from free text.
    """
    if value is None or value in ("", []):
        return
    if isinstance(value, list) and value and all(isinstance(v, dict | list) for v in value):
        record["spans"] = [*record.get("spans", []), *value]
    elif options.task == "text":
        record.setdefault("target", value[0] if isinstance(value, list) else value)
    elif isinstance(value, list):
        record.setdefault("label", one_label(value))
    else:
        record.setdefault("label", value)
