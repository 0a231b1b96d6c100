"""Tables of one example a row: JSON lines, CSV and TSV."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from corpora.errors import UserError
from corpora.readers.mapping import RowBuilder
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import text_lines
from corpora.records import Row

_WINDOW = 1_000  # records that are looked at to find the columns

Record = tuple[int, dict[str, Any]]


def read_jsonl(source: Source) -> Items:
    """JSON lines: one object a line; empty lines are passed over."""
    records = _json_records(source)
    window = list(islice(records, _WINDOW))
    first = [record for item in window if not isinstance(item, Defect) for record in [item[1]]]
    if not first:
        yield from window  # type: ignore[misc]  # defects only
        return
    names = list(dict.fromkeys(key for record in first for key in record))
    builder = RowBuilder(source, names)
    builder.look(first)
    for item in chain(window, records):
        yield item if isinstance(item, Defect) else builder.build(*item)


def _json_records(source: Source) -> Iterator[Record | Defect]:
    for number, line in enumerate(text_lines(source.path), 1):
        if not line or line.isspace():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield _defect(source, number, "not-json", f"not JSON: {error}", line)
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield _defect(source, number, "not-an-object", "not a JSON object", line)


def _defect(source: Source, number: int, reason: str, detail: str, text: str) -> Defect:
    return Defect(number, reason, detail, Row("", source.lang, text))


def read_csv(source: Source) -> Items:
    """Comma-separated fields with a header line, quoted as RFC 4180 says."""
    yield from _read_delimited(source, ",", quoting=True)


def read_tsv(source: Source) -> Items:
    """Tab-separated fields with a header line; quotes are plain characters unless told."""
    yield from _read_delimited(source, "\t", quoting=False)


def _read_delimited(source: Source, delimiter: str, *, quoting: bool) -> Items:
    options = source.options
    quoted = quoting if options.quoting is None else options.quoting
    csv.field_size_limit(sys.maxsize)
    lines = text_lines(source.path, keep_ends=True)
    reader = csv.reader(
        lines,
        delimiter=options.delimiter or delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    header = next(_fields(source, reader), None)
    if header is None:
        return
    if len(set(header)) < len(header):
        raise UserError("the header names a column twice", file=source.path, line=1)
    builder = RowBuilder(source, header)
    records = _table_records(
        source, reader, header, guess_quotes=options.quoting is None and not quoted
    )
    window = list(islice(records, _WINDOW))
    builder.look([item[1] for item in window if not isinstance(item, Defect)])
    for item in chain(window, records):
        yield item if isinstance(item, Defect) else builder.build(*item)


def _fields(source: Source, reader: Any) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"the quotes are not as CSV has them ({error})",
                file=source.path,
                line=reader.line_num,
            ) from error


def _table_records(
    source: Source, reader: Any, header: list[str], *, guess_quotes: bool
) -> Iterator[Record | Defect]:
    line = reader.line_num + 1
    for fields in _fields(source, reader):
        number, line = line, reader.line_num + 1
        if not fields:
            continue
        if len(fields) != len(header):
            detail = f"{len(fields)} fields where the header has {len(header)}"
            yield _defect(source, number, "ragged-columns", detail, "\t".join(fields))
            continue
        if guess_quotes and any(_looks_quoted(field) for field in fields):
            raise UserError(
                "a field seems to be quoted; say whether quotes are to be read as such "
                "(quoting: yes or no)",
                file=source.path,
                line=number,
            )
        yield number, dict(zip(header, fields, strict=True))


def _looks_quoted(field: str) -> bool:
    """Whether a field is one that had to be quoted: it has quotes in it, each of them doubled."""
    if len(field) < 4 or field[0] != '"' or field[-1] != '"':
        return False
    inner = field[1:-1]
    return '""' in inner and '"' not in inner.replace('""', "")
