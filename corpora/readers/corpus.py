"""Any input as batches of checked rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from corpora.choices import OnError, Task
from corpora.errors import UserError
from corpora.readers.checking import BATCH_ROWS, CorpusBatch, RowChecker
from corpora.readers.folders import default_split, split_by_files
from corpora.readers.formats import find_format
from corpora.readers.options import (
    ColumnMapping,
    Defect,
    Format,
    Items,
    ReadOptions,
    Source,
    checked_on_error,
    checked_scheme,
    checked_task,
)
from corpora.records import Row
from corpora.storage import reading

_NAMED_SPLITS = 20  # at most, in a message


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that can be read any number of times, each time from the start."""

    path: Path
    format: Format
    options: ReadOptions

    def batches(self, size: int = BATCH_ROWS, *, limit: int | None = None) -> Iterator[CorpusBatch]:
        """The rows, `size` at a time, so that memory stays bounded; at most `limit` are read.

        Rows of another split than that of the options are skipped, bad or not, and not counted.
        Raises `UserError` for a bad row unless `on_error` says otherwise, and where there is no row
        at all or none of the split.
        """
        source = Source(self.path, self.options)
        items = self._items(source, limit)
        checker = RowChecker(
            self.path,
            self.format,
            self.options,
            reread=lambda: self._items(Source(self.path, self.options), limit),
        )
        total = 0
        while chunk := list(islice(items, size)):
            batch = checker.check(chunk, source.repaired)
            source.repaired.clear()
            total += batch.rows_in
            yield batch
        if not total:
            raise UserError("there are no rows", file=self.path)

    def _items(self, source: Source, limit: int | None) -> Items:
        items = self.format.read(source)
        split = self.options.split
        if split is not None and not split_by_files(self.path, split):
            items = _of_split(items, split, self.path)
        return islice(items, limit)

    def rows(self) -> Iterator[Row]:
        """The rows that are kept, one by one."""
        for batch in self.batches():
            yield from batch.rows


def open_corpus(
    path: str | Path,
    *,
    task: Task | str,
    lang: str | None = None,
    format: str | None = None,
    columns: ColumnMapping | None = None,
    on_error: OnError | str = "error",
    scheme: str | None = None,
    split: str | None = None,
    labelled: bool = True,
    delimiter: str | None = None,
    quoting: bool | None = None,
) -> Corpus:
    """Prepare to read `path`; nothing but its first bytes is read yet.

    `lang` is the language (BCP 47) of rows that do not name theirs; a row that names another is a
    bad row. `format` None detects it by the name, or the content of a folder. `on_error` says
    what happens to bad rows: they are an error, are dropped with a reason (`skip`), or are
    repaired where that is possible. `scheme` is the tagging scheme, None to detect it. With
    `split`, only rows of that split are read. Rows must have what `task` predicts if they are
    `labelled`. For the other parameters see `ReadOptions`.

    Raises `UserError` for a missing or empty file, an unknown `task`, `format` or `scheme`,
    `columns` that the format does not have, and a `delimiter` of other than one character.
    `quoting` says whether fields may be quoted.
    """
    path = Path(path)
    task, on_error = checked_task(task), checked_on_error(on_error)
    with reading(path):
        exists = path.exists()
    if not exists:
        raise UserError("no such file", file=path)
    if path.is_file() and path.stat().st_size == 0:
        raise UserError("the file is empty", file=path)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UserError(
            f"the delimiter must be one character, not a quote or a line break: {delimiter!r}"
        )
    options = ReadOptions(
        task=task,
        lang=lang,
        columns=columns or ColumnMapping(),
        on_error=on_error,
        scheme=checked_scheme(scheme),
        split=split,
        labelled=labelled,
        delimiter=delimiter,
        quoting=quoting,
    )
    return Corpus(path, find_format(path, format, options), options)


def _of_split(items: Items, split: str, path: Path) -> Items:
    """The rows of `split`, and bad ones that name no split, because they may belong to it."""
    default = default_split(path)
    any_row = False
    others: set[str] = set()
    for item in items:
        if isinstance(item, Defect):
            if item.row.split in (None, split):
                yield item
            continue
        row_split = item[1].split or default
        if row_split == split:
            any_row = True
            yield item
        elif len(others) < _NAMED_SPLITS:
            others.add(row_split)
    if others and not any_row:
        raise UserError(f"there is no row of the split {split!r}", file=path, choices=others)
