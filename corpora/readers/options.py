"""The options of a reader, and what it yields."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from corpora.choices import OFFSET_UNITS, ON_ERROR, TASKS, OffsetUnit, OnError, Task
from corpora.errors import UserError
from corpora.readers.streams import decoded_blocks, text_lines
from corpora.records import Row
from corpora.tagging import SCHEMES, Scheme, scheme_named


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column of the input holds what; None is the usual name.

    In CoNLL files `tokens` and `tags` are column numbers, from 1.
    """

    id: str | None = None
    lang: str | None = None
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    spans: str | None = None
    target: str | None = None
    split: str | None = None
    meta: str | None = None
    tokens: str | None = None
    tags: str | None = None
    labels: str | None = None
    value: str | None = None

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The fields that a column may hold."""
        return tuple(f.name for f in fields(cls))

    @classmethod
    def of(cls, columns: Mapping[str, str]) -> ColumnMapping:
        """`columns` by the field that each holds; raises `UserError` for an unknown field."""
        for name in columns:
            if name not in cls.names():
                raise UserError(f"a row has no field {name!r}", choices=cls.names())
        return cls(**columns)

    def given(self) -> dict[str, str]:
        """The columns that were named, by field."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: column for name, column in pairs if column is not None}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a corpus of any format."""

    task: Task
    lang: str | None = None
    columns: ColumnMapping = field(default_factory=ColumnMapping)
    on_error: OnError = "error"
    scheme: Scheme | None = None
    """Tagging scheme; None detects it from the tags."""
    splits: tuple[str, ...] = ()
    """The only splits to be read; empty for all."""
    labelled: bool = True
    """Whether every row must have what the task predicts."""
    delimiter: str | None = None
    """Between the fields of a table; None: a comma in CSV, a tab in TSV."""
    encoding: str | None = None
    """Of the characters of text files, by Python's name; None: UTF-8."""
    quoting: bool | None = None
    """Whether delimited fields may be quoted; None: in CSV they may, in TSV not."""
    max_chars: int | None = None
    """Most characters of a text; None for any number."""
    unescape: bool = False
    """Whether tokens are unescaped: `-LRB-` is a bracket, `&quot;` a quote."""
    offsets: OffsetUnit | None = None
    """What the offsets of the file count; None: code points, unless another unit fits better, which
    is an error."""
    label_separator: str | None = None
    """What stands between the classes in text that names several; None: such text is JSON."""
    gold: Sequence[Row] | None = None
    """The rows that a file of predictions is for: they give the texts that it may leave out. None
    for a file of rows."""


@dataclass(frozen=True, slots=True)
class Defect:
    """An example that could not be made a row at all; `row` is what is left of it."""

    number: int
    reason: str
    detail: str
    row: Row
    left_out: bool = False
    """Whether annotators left it out, so that it is dropped and no error: rejected, skipped, or not
    annotated yet."""


Item = tuple[int, Row] | Defect
"""A row with its line or row number from 1; an empty `Row.id` is filled in with a content hash."""

Items = Iterator[Item]
"""In the order of the file."""
PART = 1 << 40
"""Rows of the first file of several have their own numbers, those of the n-th after it n * `PART`
more."""


@dataclass(frozen=True, slots=True)
class Source:
    """One corpus to be read: where it is, how, and how often its reader repaired something."""

    path: Path
    options: ReadOptions
    repaired: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    """The columns that were taken, by the field that each holds; its reader fills it in."""

    @property
    def lang(self) -> str:
        """The language of rows that do not name theirs."""
        return self.options.lang or "und"

    @property
    def strict(self) -> bool:
        """Whether a byte that is not UTF-8 is an error; else its record is bad."""
        return self.options.on_error != "skip"

    def lines(self, *, keep_ends: bool = False) -> Iterator[str]:
        """The lines of the file, with their line breaks where `keep_ends` says so."""
        return text_lines(
            self.path, keep_ends=keep_ends, strict=self.strict, encoding=self.options.encoding
        )

    def blocks(self) -> Iterator[str]:
        """The text of the file in pieces that end anywhere."""
        return decoded_blocks(self.path, strict=self.strict, encoding=self.options.encoding)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its reader is one file, and this is its entry in the table of formats."""

    name: str
    read: Callable[[Source], Items]
    suffixes: tuple[str, ...]
    unit: Literal["line", "row"]
    """What its numbers count."""
    tasks: tuple[Task, ...] = TASKS
    columns: tuple[str, ...] = ColumnMapping.names()
    """Fields of `ColumnMapping` that it uses."""


def checked_task(task: Task | str) -> Task:
    """`task`, if it exists; raises `UserError` otherwise."""
    if task not in TASKS:
        raise UserError(f"no task {task!r}", choices=TASKS)
    return task


def checked_delimiter(delimiter: str | None) -> str | None:
    """`delimiter` as one character; raises `UserError` for what cannot be between fields."""
    if delimiter is None:
        return None
    sign = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(sign) != 1 or sign in '"\r\n':
        raise UserError(
            f"the delimiter must be one character, not a quote or a line break: {delimiter!r}"
        )
    return sign


def checked_encoding(encoding: str | None) -> str | None:
    """`encoding` by its usual name, None for UTF-8; raises `UserError` where Python has none."""
    if encoding is None:
        return None
    try:
        "".encode(encoding)  # raises for what is no encoding of text, such as zip
        name = codecs.lookup(encoding).name
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError) as error:
        raise UserError(
            f"no encoding {encoding!r} of text (such as latin-1, cp1252, utf-16, shift_jis)"
        ) from error
    return None if name == "utf-8" else name


def checked_offsets(unit: OffsetUnit | str | None) -> OffsetUnit | None:
    """`unit`, if offsets can count it, or None; raises `UserError` otherwise."""
    if unit is not None and unit not in OFFSET_UNITS:
        raise UserError(f"no unit {unit!r} of offsets", choices=OFFSET_UNITS)
    return unit


def checked_separator(separator: str | None) -> str | None:
    """`separator`, if it can stand between labels, or None; raises `UserError` otherwise."""
    if separator is not None and (not separator.strip() or '"' in separator):
        raise UserError(
            f"labels cannot be separated by {separator!r}: it must have a sign that is no quote"
        )
    return separator


def checked_splits(split: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names of splits in `split`, each once; none for None."""
    if split is None:
        return ()
    return (split,) if isinstance(split, str) else tuple(dict.fromkeys(split))


def checked_on_error(on_error: OnError | str) -> OnError:
    """`on_error`, if it exists; raises `UserError` otherwise."""
    if on_error not in ON_ERROR:
        raise UserError(f"no way {on_error!r} to deal with bad rows", choices=ON_ERROR)
    return on_error


def checked_scheme(name: str | None) -> Scheme | None:
    """The tagging scheme called `name`, None for None; raises `UserError` if there is none."""
    if name is None:
        return None
    scheme = scheme_named(name)
    if scheme is None:
        raise UserError(f"no tagging scheme {name!r}", choices=[*SCHEMES, "bilou"])
    return scheme
