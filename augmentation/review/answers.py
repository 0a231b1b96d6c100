"""What a person decided of a row, as a tool's export says it, and such exports read from files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from corpora.errors import UserError
from corpora.readers.pipes import regular_file
from corpora.readers.streams import text_lines

TEXTS: Mapping[str, str] = {
    "text": "translation",
    "text_pair": "translation_pair",
    "target": "translation_target",
}
"""The texts of a row that a person may edit, by field, and how tools call them."""
ID = "review_id"
"""How tools call the id of a row; `id` is often their own."""
DROP = "drop"
"""What a person chooses for a row that should not be in the data."""


@dataclass(frozen=True, slots=True)
class MarkedSpan:
    """A span as a tool gives it; offsets count the tool's unit."""

    start: int
    end: int
    label: str
    text: str | None = None
    """What it covers, where the tool says so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided of one row."""

    number: int
    """Which record of the file it is, from 1."""
    id: str
    drop: bool = False
    spans: tuple[MarkedSpan, ...] | None = None
    """None leaves them as they are."""
    label: str | None = None
    """None leaves it as it is."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """By field of the row; those that are not there stay as they are."""
    spans_in_old_text: bool = True
    """Whether offsets count the text that was exported, not that which the person wrote."""


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of JSON: what it holds around its records, and the records, numbered from 1."""

    path: Path
    top: Mapping[str, Any]
    records: Sequence[tuple[int, Mapping[str, Any]]]


def read_json(path: Path) -> JsonFile:
    """The records of the file `path`: an array, lines, or an object with the list `rows`.

    Raises `UserError` with the row for what is no JSON object.
    """
    lines = list(text_lines(regular_file(path)))
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not filled:
        raise UserError("the file is empty", file=path)
    top: Mapping[str, Any] = {}
    by_lines = filled[0][1].lstrip().startswith("{") and _parses(filled[0][1])
    if by_lines and len(filled) > 1:
        records = [(number, _parse(line, path, number)) for number, line in filled]
    else:
        whole = _parse("\n".join(lines), path, None)
        if isinstance(whole, dict) and isinstance(whole.get("rows"), list):
            top, whole = whole, whole["rows"]
        records = list(enumerate(whole if isinstance(whole, list) else [whole], 1))
    for number, record in records:
        if not isinstance(record, dict):
            raise UserError("not a JSON object", file=path, row=number)
    return JsonFile(path, top, records)


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _parse(text: str, path: Path, line: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"no JSON: {error.msg}", file=path, line=line or error.lineno) from error
    except RecursionError as error:
        raise UserError(
            "no JSON that can be read: nested too deep", file=path, line=line
        ) from error


class BadRecordError(Exception):
    """A record that is not what the tool writes; the message says what is wrong."""


def marked_spans(values: Any) -> Iterator[MarkedSpan]:
    """The spans in `values`, a list of objects with start, end and label or of [start, end, label].

    Raises `BadRecordError` for anything else.
    """
    if not isinstance(values, list):
        raise BadRecordError("its spans are no list")
    for value in values:
        if isinstance(value, dict):
            start = value.get("start", value.get("start_offset"))
            end = value.get("end", value.get("end_offset"))
            label, text = value.get("label"), value.get("text")
        elif isinstance(value, list) and len(value) == 3:
            (start, end, label), text = value, None
        else:
            raise BadRecordError(f"no span: {value!r:.80}")
        if not (_is_offset(start) and _is_offset(end) and isinstance(label, str)):
            raise BadRecordError(f"a span needs start, end and label: {value!r:.80}")
        yield MarkedSpan(start, end, label, text if isinstance(text, str) else None)


def _is_offset(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def string(record: Mapping[str, Any], name: str) -> str:
    """The text called `name` in `record`; raises `BadRecordError` where there is none."""
    value = record.get(name)
    if not isinstance(value, str):
        raise BadRecordError(f"it has no {name!r}: is it an export of what was exported here?")
    return value


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """The texts in `values`, which tools name as in `TEXTS`, by field of the row."""
    found = {field: values.get(name) for field, name in TEXTS.items()}
    return {field: text for field, text in found.items() if isinstance(text, str)}
