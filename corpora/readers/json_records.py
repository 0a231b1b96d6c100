"""JSON of any layout: a list, an object that holds one, or a value per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Literal

from corpora.errors import UserError
from corpora.readers.json_stream import JsonStream
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import format_suffix, undecoded
from corpora.readers.tables import rows_of_records
from corpora.readers.values import ValueProblem, parse_json, short
from corpora.records import Row

LIST_KEYS = ("data", "annotations", "records", "rows", "examples")
"""Keys of an object that may hold the list of its records."""
_TRIED = 20  # values, to find one that can be read
Numbered = Iterator[tuple[int, Any] | Defect]


def read_json(source: Source) -> Items:
    """The rows of `source`: a list of objects, or an object that holds one."""
    yield from rows_of_records(source, _objects(source))


def _objects(source: Source) -> Iterator[tuple[int, dict[str, Any]] | Defect]:
    for item in json_values(source):
        if isinstance(item, Defect) or isinstance(item[1], dict):
            yield item
        else:
            detail = f"not a JSON object: {short(item[1])}"
            yield Defect(item[0], "not-an-object", detail, Row("", source.lang, ""))


def json_values(source: Source) -> Numbered:
    """The values of `source`, numbered from 1: those of its list, or of its lines."""
    layout = layout_of(source)
    if layout == "lines":
        yield from _of_lines(source)
        return
    stream = JsonStream(source)
    values = stream.items() if layout == "list" else stream.items_of(LIST_KEYS)
    for number, value in enumerate(values, 1):
        problem = None if source.strict else undecoded(json.dumps(value, ensure_ascii=False))
        if problem is None:
            yield number, value
        else:
            yield Defect(number, "not-utf8", problem, Row("", source.lang, ""))


def _of_lines(source: Source) -> Numbered:
    for number, line in enumerate(source.lines(), 1):
        if not line or line.isspace():
            continue
        try:
            if (problem := undecoded(line)) is not None:
                raise ValueProblem("not-utf8", problem)
            yield number, parse_json(line)
        except ValueProblem as error:
            yield Defect(number, error.reason, error.detail, Row("", source.lang, line))


def layout_of(source: Source) -> Literal["list", "object", "lines"]:
    """How the values of `source` are laid out, by its name or first lines."""
    if format_suffix(source.path) in (".jsonl", ".ndjson"):
        return "lines"
    lines = (line for line in source.lines() if line and not line.isspace())
    try:
        first, second = [*islice(lines, 2), "", ""][:2]
    except UserError:  # a line that is too long is no line of JSON lines
        return "list" if JsonStream(source).is_list() else "object"
    value: Any = None
    with suppress(ValueError, RecursionError):
        value = json.loads(first)
    if value is None:
        return "list" if first.lstrip().startswith("[") else "object"
    if isinstance(value, list):
        # A line may be a list itself: spaCy's text and annotations.
        return "list" if not second and not (value and isinstance(value[0], str)) else "lines"
    if not isinstance(value, dict) or second or "text" in value:
        return "lines"
    return "object" if any(isinstance(value.get(k), list) for k in LIST_KEYS) else "lines"


def first_value(source: Source) -> Any:
    """The first value of `source` that can be read; None where there is none."""
    lenient = replace(source, options=replace(source.options, on_error="skip"))
    try:
        for item in islice(json_values(lenient), _TRIED):
            if not isinstance(item, Defect):
                return item[1]
    except UserError:
        pass
    return None
