"""Tables with one example per row: JSON lines, CSV and TSV."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any, Self

from corpora.errors import UserError
from corpora.limits import BATCH_CHARS, chunks, max_line
from corpora.readers.mapping import RowBuilder
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import undecoded
from corpora.readers.values import ValueProblem, parse_json
from corpora.records import Row

_MOST_LINES = 100_000  # of a record: a quote that is never closed takes in all lines after it
_WINDOW = 1_000  # records that are looked at to find the columns

Record = tuple[int, dict[str, Any]]


def read_jsonl(source: Source) -> Items:
    """The rows of JSON lines, `source`: one object per line; empty lines are skipped."""
    yield from rows_of_records(source, _json_records(source))


def rows_of_records(source: Source, records: Iterator[Record | Defect]) -> Items:
    """The rows of `records`, objects of `source` that may each have other keys."""
    for item in records:
        if not isinstance(item, Defect):
            yield from _build_json(source, _window(chain([item], records)), records)
            return
        yield item


def _window(records: Iterator[Record | Defect]) -> list[Record | Defect]:
    """The first of `records`, as many as are looked at to find the columns."""
    return next(chunks(records, _WINDOW, BATCH_CHARS, _chars), [])


def _chars(record: Record | Defect) -> int:
    if isinstance(record, Defect):
        return len(record.row.text)
    return sum(len(value) for value in record[1].values() if isinstance(value, str))


def _build_json(
    source: Source, window: list[Record | Defect], records: Iterator[Record | Defect]
) -> Items:
    first = [item[1] for item in window if not isinstance(item, Defect)]
    names = dict.fromkeys(key for record in first for key in record)
    builder = RowBuilder(source, names, first)
    for item in chain(window, records):
        yield item if isinstance(item, Defect) else builder.build(*item)


def _json_records(source: Source) -> Iterator[Record | Defect]:
    for number, line in enumerate(source.lines(), 1):
        if not line or line.isspace():
            continue
        if (problem := undecoded(line)) is not None:
            yield _defect(source, number, "not-utf8", problem, line)
            continue
        try:
            value = parse_json(line)
        except ValueProblem as error:
            yield _defect(source, number, error.reason, error.detail, line)
            continue
        if isinstance(value, dict):
            yield number, value
        else:
            yield _defect(source, number, "not-an-object", "not a JSON object", line)


def _defect(source: Source, number: int, reason: str, detail: str, text: str) -> Defect:
    return Defect(number, reason, detail, Row("", source.lang, text))


def read_csv(source: Source) -> Items:
    """The rows of `source`: a header line and comma-separated fields, quoted as in RFC 4180."""
    yield from _read_delimited(source, ",", quoting=True)


def read_tsv(source: Source) -> Items:
    """The rows of `source`: a header line and tab-separated fields.

    Quotes are plain characters unless the options say otherwise.
    """
    yield from _read_delimited(source, "\t", quoting=False)


def _read_delimited(source: Source, delimiter: str, *, quoting: bool) -> Items:
    options = source.options
    quoted = quoting if options.quoting is None else options.quoting
    csv.field_size_limit(max_line())
    lines = _Lines(source.lines(keep_ends=True))
    reader = csv.reader(
        lines,
        delimiter=options.delimiter or delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=True,
    )
    fields = _fields(lines, reader)
    header = _header(source, next(fields, None))
    if header is None:
        return
    records = _table_records(
        source, fields, header, guess_quotes=options.quoting is None and not quoted
    )
    window = _window(records)
    first = [item[1] for item in window if not isinstance(item, Defect)]
    builder = RowBuilder(source, header, first)
    builder.check_labels(first)
    for item in chain(window, records):
        yield item if isinstance(item, Defect) else builder.build(*item)


class _Lines:
    """Lines that can be read again."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._most = max_line()
        self._size = 0
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        """The lines of the record that is being read."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self._size += len(line)
        lines = len(self.taken)
        if lines > _MOST_LINES or (lines > 1 and self._size > self._most):
            raise csv.Error("a record of more lines than are read at once")
        return line

    def begin_record(self) -> None:
        """Forget the lines of the record before."""
        self.taken.clear()
        self._size = 0

    def keep_first(self) -> None:
        """Put back the lines that were taken, except the first one."""
        self._again.extendleft(reversed(self.taken[1:]))
        del self.taken[1:]


_Fields = tuple[int, list[str], str | None]
"""The line on which a record begins, its fields, and what is wrong with its quotes, if anything."""


def _fields(lines: _Lines, reader: Any) -> Iterator[_Fields]:
    """The records. Of one whose quotes are wrong, only the first line is taken.

    A quote that is never closed takes in the records after it; they are read again one by one.
    """
    number = 1
    while True:
        lines.begin_record()
        try:
            yield number, next(reader), None
        except StopIteration:
            return
        except csv.Error as error:
            lines.keep_first()
            problem = f"the quotes are not as CSV has them ({error})"
            if "new-line character" in str(error):
                problem = "there is a carriage return in a field without quotes"
            yield number, [lines.taken[0].rstrip("\r\n")], problem
        number += len(lines.taken)


def _header(source: Source, record: _Fields | None) -> list[str] | None:
    if record is None:
        return None
    _, header, problem = record
    problem = problem or undecoded("".join(header))
    if problem is not None:
        raise UserError(problem, file=source.path, line=1)
    if len(set(header)) < len(header):
        raise UserError("the header names a column twice", file=source.path, line=1)
    return header


def _table_records(
    source: Source, records: Iterator[_Fields], header: list[str], *, guess_quotes: bool
) -> Iterator[Record | Defect]:
    width, strict = len(header), source.strict
    for number, fields, wrong in records:
        if not fields:
            continue
        # What was decoded strictly needs no second look.
        if wrong is not None or len(fields) != width or not strict:
            problem = _problem(fields, wrong, width)
        else:
            problem = None
        if problem is not None:
            yield _defect(source, number, *problem, "\t".join(fields))
            continue
        if guess_quotes and any(_looks_quoted(field) for field in fields):
            raise UserError(
                "a field seems to be quoted; say whether quotes are to be read as such "
                "(the setting quoting, --quoting: yes or no)",
                file=source.path,
                line=number,
            )
        yield number, dict(zip(header, fields, strict=True))


def _problem(fields: list[str], wrong: str | None, width: int) -> tuple[str, str] | None:
    """Why these are not the fields of a record: a reason, and the same in words."""
    if wrong is not None:
        return "bad-quotes", wrong
    if (byte := undecoded("".join(fields))) is not None:
        return "not-utf8", byte
    if len(fields) != width:
        return "ragged-columns", f"{len(fields)} fields where the header has {width}"
    return None


def _looks_quoted(field: str) -> bool:
    """Whether a field is one that had to be quoted: it has quotes in it, each of them doubled."""
    if len(field) < 4 or field[0] != '"' or field[-1] != '"':
        return False
    inner = field[1:-1]
    return '""' in inner and '"' not in inner.replace('""', "")
