"""Any input as batches of checked rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from corpora.checks import TASKS, Task
from corpora.errors import UserError
from corpora.readers.checking import BATCH_ROWS, CorpusBatch, RowChecker
from corpora.readers.folders import default_split, split_by_files
from corpora.readers.formats import find_format
from corpora.readers.options import (
    ON_ERROR,
    ColumnMapping,
    Defect,
    Format,
    Items,
    OnError,
    ReadOptions,
    Source,
    checked_scheme,
)
from corpora.records import Row

_NAMED_SPLITS = 20  # at most, in a message


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus that can be read as often as wanted, each time from the start."""

    path: Path
    format: Format
    options: ReadOptions

    def batches(self, size: int = BATCH_ROWS, *, limit: int | None = None) -> Iterator[CorpusBatch]:
        """The rows, `size` at a time, so that memory stays bounded; at most `limit` are looked at.

        Rows of another split than the one that was asked for are passed over, bad or not, and are
        counted nowhere. Raises `UserError` for a bad row unless `on_error` says otherwise, and
        where there is no row at all or none of the split.
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
            raise UserError("there are no rows in this file", file=self.path)

    def _items(self, source: Source, limit: int | None) -> Items:
        items = self.format.read(source)
        split = self.options.split
        if split is not None and not split_by_files(self.path, split):
            items = _of_split(items, split, self.path)
        return islice(items, limit)

    def rows(self) -> Iterator[Row]:
        """The rows that hold, one by one."""
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
    """Prepare to read `path`; nothing but its first bytes is looked at yet.

    `lang` is the language (BCP 47) of rows that do not say their own; a row that says another
    one is a bad row. `format` None goes by the name (and, for a folder, by what is in it).
    Raises `UserError` for a missing or empty file, an unknown task, format or scheme, columns that
    the format does not have, and a delimiter that is none.
    """
    path = Path(path)
    if task not in TASKS:
        raise UserError(f"no task {task!r}", choices=TASKS)
    if on_error not in ON_ERROR:
        raise UserError(f"no way {on_error!r} to deal with bad rows", choices=ON_ERROR)
    if not path.exists():
        raise UserError("no such file", file=path)
    if path.is_file() and path.stat().st_size == 0:
        raise UserError("the file is empty", file=path)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise UserError(f"not one character that could part fields: {delimiter!r}")
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
    """The rows of `split`, and what may be rows of it: bad ones that name no split."""
    default = default_split(path)
    found = False
    others: set[str] = set()
    for item in items:
        if isinstance(item, Defect):
            if item.row.split in (None, split):
                yield item
            continue
        own = item[1].split or default
        if own == split:
            found = True
            yield item
        elif len(others) < _NAMED_SPLITS:
            others.add(own)
    if others and not found:
        raise UserError(f"there is no row of the split {split!r}", file=path, choices=others)
