"""Any input as batches of checked rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from corpora.choices import OffsetUnit, OnError, Task
from corpora.errors import UserError
from corpora.limits import BATCH_CHARS, chunks
from corpora.readers.checking import BATCH_ROWS, CorpusBatch, RowChecker, row_error
from corpora.readers.columns import FIELDS
from corpora.readers.folders import default_split, split_by_files, split_of_file
from corpora.readers.formats import find_format
from corpora.readers.inputs import listed_inputs
from corpora.readers.offset_units import check_unit
from corpora.readers.options import (
    PART,
    ColumnMapping,
    Defect,
    Format,
    Item,
    Items,
    ReadOptions,
    Source,
    checked_delimiter,
    checked_encoding,
    checked_offsets,
    checked_on_error,
    checked_scheme,
    checked_separator,
    checked_splits,
    checked_task,
)
from corpora.readers.pipes import regular_file
from corpora.records import DroppedRow, Row
from corpora.storage import reading

_NAMED_SPLITS = 20  # at most, in a message


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that can be read any number of times, each time from the start."""

    path: Path
    """Of several files the first."""
    format: Format
    options: ReadOptions
    further: tuple[tuple[Path, Format], ...] = ()
    """The other files, each with its format."""

    @property
    def files(self) -> tuple[tuple[Path, Format], ...]:
        """Every file or folder with its format."""
        return ((self.path, self.format), *self.further)

    def error(self, number: int, detail: str) -> UserError:
        """The error that the row `number` is bad for the reason `detail`; it names file and row."""
        return row_error(self.files, number, detail)

    def columns(self) -> dict[str, str]:
        """The columns that its first rows are read from, by the field that each holds.

        Empty for formats without named columns. Raises what reading them does.
        """
        source = Source(self.path, self.options)
        next(self._items(source, 1), None)
        return {field: source.columns[field] for field in FIELDS if field in source.columns}

    def items(self) -> Items:
        """The rows as they are, without ids where the input has none, and what is no row.

        They are unchecked: `batches` gives rows that are right.
        """
        return self._items(Source(self.path, self.options), None)

    def batches(self, size: int = BATCH_ROWS, *, limit: int | None = None) -> Iterator[CorpusBatch]:
        """The rows, at most `size` at a time, and fewer where their texts are long, so that memory
        stays bounded; at most `limit` are read.

        Rows of other splits than those of the options are skipped, bad or not, and not counted.
        Raises `UserError` for a bad row unless `on_error` says otherwise, and where there is no row
        at all or none of the split.
        """
        source = Source(self.path, self.options)
        items = self._items(source, limit)
        checker = RowChecker(
            self.files,
            self.options,
            reread=lambda: self._items(Source(self.path, self.options), limit),
        )
        total = 0
        for chunk in chunks(items, size, BATCH_CHARS, _chars):
            if not total and self.options.offsets is None:
                check_unit((item[1] for item in chunk if not isinstance(item, Defect)), self.path)
            batch = checker.check(chunk, source.repaired)
            source.repaired.clear()
            total += batch.rows_in
            yield batch
        if not total:
            raise UserError("there are no rows", file=self.path)

    def _items(self, source: Source, limit: int | None) -> Items:
        items: Items = chain.from_iterable(
            self._part(replace(source, path=path), format, number * PART)
            for number, (path, format) in enumerate(self.files)
        )
        splits = self.options.splits
        by_files = not self.further and all(split_by_files(self.path, split) for split in splits)
        if splits and not by_files:
            items = _of_splits(items, splits, self.path)
        return islice(items, limit)

    def _part(self, source: Source, format: Format, before: int) -> Items:
        """The rows of one file, whose numbers `before` is added to.

        Of several files, those with the name of a split have rows of that split.
        """
        items = format.read(source)
        if not self.further:
            return items
        split = split_of_file(source.path, self.options.splits)
        return _numbered(items, before, split)

    def rows(self) -> Iterator[Row]:
        """The rows that are kept, one by one."""
        for batch in self.batches():
            yield from batch.rows

    def all_rows(self) -> tuple[list[Row], list[DroppedRow]]:
        """The rows that are kept and those that are dropped, each in order."""
        rows: list[Row] = []
        dropped: list[DroppedRow] = []
        for batch in self.batches():
            rows += batch.rows
            dropped += batch.dropped
        return rows, dropped


def open_corpus(
    path: str | Path | Sequence[str | Path],
    *,
    task: Task | str,
    lang: str | None = None,
    format: str | None = None,
    columns: ColumnMapping | None = None,
    on_error: OnError | str = "error",
    scheme: str | None = None,
    split: str | Sequence[str] | None = None,
    labelled: bool = True,
    delimiter: str | None = None,
    encoding: str | None = None,
    quoting: bool | None = None,
    max_chars: int | None = None,
    unescape: bool = False,
    offsets: OffsetUnit | str | None = None,
    label_separator: str | None = None,
    gold: Sequence[Row] | None = None,
) -> Corpus:
    """Prepare to read `path`; nothing but its first bytes is read yet, of a pipe all of it.

    It is a file, a folder, a pattern such as `data/*.jsonl`, or several of them, read one after the
    other. `encoding` is that of text files, None being UTF-8.

    `lang` is the language (BCP 47) of rows that do not name theirs; a row that names another is a
    bad row. `format` None detects it by the name, or the content of a folder. `on_error` says
    what happens to bad rows: they are an error, are dropped with a reason (`skip`), or are
    repaired where that is possible. `scheme` is the tagging scheme, None to detect it. With
    `split`, only rows of that split, or of those splits, are read. Rows must have what `task`
    predicts if they are `labelled`. With `unescape`, `-LRB-` and `&quot;` in tokens are the signs
    that they stand for. `offsets` is what offsets count: code points unless it says otherwise.
    `label_separator` is what stands between the labels of a row where text names several. `gold`
    are the rows that a file of predictions is for.

    Raises `UserError` for a missing or empty file, an unknown `task`, `format` or `scheme`,
    `columns` that the format does not have, and a `delimiter` of other than one character.
    `quoting` says whether fields may be quoted. A row with a text of more than `max_chars`
    characters is a bad row.
    """
    paths = [regular_file(part) for part in listed_inputs(path)]
    task, on_error = checked_task(task), checked_on_error(on_error)
    for part in paths:
        with reading(part):
            exists = part.exists()
        if not exists:
            raise UserError("no such file", file=part)
        if part.is_file() and part.stat().st_size == 0:
            raise UserError("the file is empty", file=part)
    options = ReadOptions(
        task=task,
        lang=lang,
        columns=columns or ColumnMapping(),
        on_error=on_error,
        scheme=checked_scheme(scheme),
        splits=checked_splits(split),
        labelled=labelled,
        delimiter=checked_delimiter(delimiter),
        encoding=checked_encoding(encoding),
        quoting=quoting,
        max_chars=max_chars,
        unescape=unescape,
        offsets=checked_offsets(offsets),
        label_separator=checked_separator(label_separator),
        gold=gold,
    )
    (first, of_first), *further = [(part, find_format(part, format, options)) for part in paths]
    return Corpus(first, of_first, options, tuple(further))


def _numbered(items: Items, before: int, split: str | None) -> Items:
    for item in items:
        if isinstance(item, Defect):
            yield replace(item, number=item.number + before)
        elif split is None or item[1].split is not None:
            yield item[0] + before, item[1]
        else:
            yield item[0] + before, replace(item[1], split=split)


def _chars(item: Item) -> int:
    """About how many characters an item has."""
    row = item.row if isinstance(item, Defect) else item[1]
    return len(row.text) + len(row.text_pair or "") + len(row.target or "")


def _of_splits(items: Items, splits: Sequence[str], path: Path) -> Items:
    """The rows of `splits`, and bad ones that name no split, because they may belong to them."""
    default = default_split(path)
    missing = set(splits)
    others: set[str] = set()
    for item in items:
        if isinstance(item, Defect):
            if item.row.split is None or item.row.split in splits:
                yield item
            continue
        row_split = item[1].split or default
        if row_split in splits:
            missing.discard(row_split)
            yield item
        elif len(others) < _NAMED_SPLITS:
            others.add(row_split)
    some = len(missing) < len(splits)
    if missing and (others or some):
        choices = others | set(splits) - missing
        raise UserError(
            f"there is no row of the split {sorted(missing)[0]!r}", file=path, choices=choices
        )
