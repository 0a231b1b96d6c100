"""Any input as batches of checked rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from corpora.checks import TASKS, Problem, Task, find_problem
from corpora.errors import UserError
from corpora.fingerprint import content_id
from corpora.readers.columnar import (
    default_split,
    has_parquet,
    is_datasets_folder,
    read_arrow,
    read_datasets,
    read_parquet,
    split_by_files,
)
from corpora.readers.conll import read_conll
from corpora.readers.lines import read_lines
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
from corpora.readers.squad import read_squad
from corpora.readers.streams import format_suffix, text_lines
from corpora.readers.tables import read_csv, read_jsonl, read_tsv
from corpora.records import DroppedRow, Row
from corpora.repair import repair_row
from corpora.surrogates import without_surrogates
from corpora.text.languages import same_language

FORMATS: Mapping[str, Format] = {
    f.name: f
    for f in (
        Format("jsonl", read_jsonl, (".jsonl", ".ndjson"), "line"),
        Format("csv", read_csv, (".csv",), "line"),
        Format("tsv", read_tsv, (".tsv", ".tab"), "line"),
        Format("parquet", read_parquet, (".parquet", ".pq"), "row"),
        Format("arrow", read_arrow, (".arrow", ".feather", ".ipc"), "row"),
        Format("datasets", read_datasets, (), "row"),
        Format(
            "conll",
            read_conll,
            (".conll", ".conllu", ".conll03", ".iob", ".iob2", ".bio"),
            "line",
            ("tokens", "classification"),
            ("tokens", "tags"),
        ),
        Format("squad", read_squad, (), "row", ("qa",), ()),
        Format("text", read_lines, (".txt",), "line", ("text",), ()),
    )
}
"""Every format that can be read, by its name on the command line."""

BATCH_ROWS = 2_000
_NAMED_SPLITS = 20  # at most, in a message


@dataclass(frozen=True, slots=True)
class CorpusBatch:
    """Some rows of a corpus, in order: those that hold, and those that `on_error` let pass."""

    rows: list[Row]
    dropped: list[DroppedRow]
    mended: Mapping[str, int]
    """How often each kind of mending was done (`on_error='repair'`)."""

    @property
    def rows_in(self) -> int:
        """Rows read: those kept and those dropped."""
        return len(self.rows) + len(self.dropped)


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
        check = _Check(self, lambda: self._items(Source(self.path, self.options), limit))
        total = 0
        while chunk := list(islice(items, size)):
            batch = check.batch(chunk, source.mended)
            source.mended.clear()
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
    chosen = _format(path, format, options)
    if options.task not in chosen.tasks:
        raise UserError(
            f"the format {chosen.name!r} cannot hold rows for the task {task!r}; "
            "name the format if it is another one",
            file=path,
            choices=[f.name for f in FORMATS.values() if options.task in f.tasks],
        )
    _check_columns(path, chosen, options.columns)
    return Corpus(path, chosen, options)


def _check_columns(path: Path, format: Format, columns: ColumnMapping) -> None:
    """Raise `UserError` for a column that would be passed over without a word."""
    for name in columns.given():
        if name not in format.columns:
            raise UserError(
                f"the format {format.name!r} has no column for {name!r}",
                file=path,
                choices=format.columns,
            )


def _format(path: Path, name: str | None, options: ReadOptions) -> Format:
    if name is not None:
        if name not in FORMATS:
            raise UserError(f"no format {name!r}", choices=FORMATS)
        if path.is_dir() and name not in ("datasets", "parquet"):
            raise UserError("this is a folder, not a file", file=path)
        return FORMATS[name]
    if path.is_dir():
        return _folder_format(path)
    last = format_suffix(path)
    if last == ".json" and options.task == "qa":
        return FORMATS["squad"]
    if last == ".tsv" and options.task == "tokens" and _looks_like_conll(path, options.columns):
        return FORMATS["conll"]
    for known in FORMATS.values():
        if last in known.suffixes:
            return known
    raise UserError(
        f"the format cannot be told from the name {path.name!r}; say which it is",
        file=path,
        choices=FORMATS,
    )


def _looks_like_conll(path: Path, columns: ColumnMapping) -> bool:
    """Whether the first line is no header that names what a table of spans has."""
    first = [name.strip('"') for name in next(text_lines(path, strict=False), "").split("\t")]
    return {"text", "spans", "tokens", "tags", *columns.given().values()}.isdisjoint(first)


def _folder_format(path: Path) -> Format:
    if is_datasets_folder(path):
        return FORMATS["datasets"]
    if has_parquet(path):
        return FORMATS["parquet"]
    raise UserError(
        "this folder holds neither Parquet files nor what datasets' save_to_disk writes",
        file=path,
    )


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


class _Check:
    """Checks rows, gives ids, and finds ids that occur twice.

    `again` reads the same rows once more.
    """

    def __init__(self, corpus: Corpus, again: Callable[[], Items]) -> None:
        self._corpus = corpus
        self._options = corpus.options
        self._again = again
        self._seen = _Seen()
        self._given: _Seen | None = None
        self._repeats: Counter[str] = Counter()

    def batch(self, items: list[Any], mended: Mapping[str, int]) -> CorpusBatch:
        counts = Counter(mended)
        rows: list[Row] = []
        numbers: list[int] = []
        dropped: list[DroppedRow] = []
        made: set[int] = set()
        for item in items:
            if isinstance(item, Defect):
                dropped.append(self._drop(item.number, Problem(item.reason, item.detail), item.row))
                continue
            number, row = item
            problem = self._problem(row)
            if problem is not None and self._options.on_error == "repair":
                row, done = repair_row(row, self._options.task)
                counts.update(done)
                problem = self._problem(row)
            if problem is not None:
                dropped.append(self._drop(number, problem, row))
                continue
            if not row.id:
                made.add(len(rows))
                row = replace(row, id=_id_of(row))
            rows.append(row)
            numbers.append(number)
        rows = self._unique(rows, numbers, made, dropped, counts)
        return CorpusBatch(rows, dropped, counts)

    def _problem(self, row: Row) -> Problem | None:
        lang = self._options.lang
        if lang is not None and row.lang != lang and not same_language(row.lang, lang):
            return Problem("other-language", f"the row is in {row.lang!r}, not in {lang!r}")
        problem = find_problem(row, self._options.task)
        needs_label = self._options.labelled and self._options.task in ("classification", "pair")
        if problem is None and needs_label and row.label is None:
            return Problem("missing-label", "there is no label")
        return problem

    def _drop(self, number: int, problem: Problem, row: Row) -> DroppedRow:
        if self._options.on_error != "skip":
            self._fail(number, problem.detail)
        row = Row(
            without_surrogates(row.id) or f"{self._corpus.format.unit}-{number}",
            without_surrogates(row.lang),
            without_surrogates(row.text),
            None if row.text_pair is None else without_surrogates(row.text_pair),
        )
        where = f"{self._corpus.format.unit} {number}"
        return DroppedRow(row, problem.reason, without_surrogates(f"{where}: {problem.detail}"))

    def _fail(self, number: int, detail: str) -> NoReturn:
        if self._corpus.format.unit == "line":
            raise UserError(detail, file=self._corpus.path, line=number)
        raise UserError(detail, file=self._corpus.path, row=number)

    def _unique(
        self,
        rows: list[Row],
        numbers: list[int],
        made: set[int],
        dropped: list[DroppedRow],
        counts: Counter[str],
    ) -> list[Row]:
        again = self._seen.add([row.id for row in rows])
        if not again:
            return rows
        mended = again - made if self._options.on_error == "repair" else set()
        if mended:
            counts["duplicate-id"] += len(mended)
            if self._given is None:
                self._given = self._given_ids()
        # Equal rows without ids of their own are told apart by counting them.
        renamed = sorted(again & made | mended)
        names = self._rename([rows[index].id for index in renamed])
        for index, name in zip(renamed, names, strict=True):
            rows[index] = replace(rows[index], id=name)
        refused = again.difference(renamed)
        for index in sorted(refused):
            problem = Problem("duplicate-id", f"the id {rows[index].id!r} occurs twice")
            dropped.append(self._drop(numbers[index], problem, rows[index]))
        return [row for index, row in enumerate(rows) if index not in refused]

    def _given_ids(self) -> _Seen:
        """The ids that the input gives to any row, so that no row takes that of a later one."""
        given = _Seen()
        items = self._again()
        while chunk := list(islice(items, BATCH_ROWS)):
            rows = (item[1] for item in chunk if not isinstance(item, Defect))
            given.add([without_surrogates(row.id) for row in rows])
        return given

    def _rename(self, ids: list[str]) -> list[str]:
        """For each of `ids` a name that no other row has: the id, and the first number free."""
        names = [self._next_name(one) for one in ids]
        for index in self._seen.add(names):
            (names[index],) = self._rename([ids[index]])
        return names

    def _next_name(self, one: str) -> str:
        while True:
            self._repeats[one] += 1
            name = f"{one}-{self._repeats[one] + 1}"
            if self._given is None or name not in self._given:
                return name


class _Seen:
    """Which ids there have been, at eight bytes each.

    Sorted arrays whose sizes double, as a log-structured merge tree has them, so that adding a
    batch costs little however many there are. Two ids are taken for one when their 64-bit hashes
    agree: at ten million ids the chance that any do is three in a million.
    """

    def __init__(self) -> None:
        self._levels: list[NDArray[np.int64]] = []

    def add(self, ids: list[str]) -> set[int]:
        """Add `ids`; the indices of those that were there, before or earlier in the list."""
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        fresh, first = np.unique(hashes, return_index=True)
        again = np.ones(len(ids), bool)
        again[first] = False
        for level in self._levels:
            places = np.minimum(np.searchsorted(level, hashes), len(level) - 1)
            again |= level[places] == hashes
        if len(fresh):
            self._levels.append(fresh)
        while len(self._levels) > 1 and len(self._levels[-2]) <= 2 * len(self._levels[-1]):
            merged = np.concatenate([self._levels.pop(), self._levels.pop()])
            merged.sort()
            self._levels.append(merged)
        return set(np.flatnonzero(again).tolist())

    def __contains__(self, one: str) -> bool:
        places = ((level, level.searchsorted(hash(one))) for level in self._levels)
        return any(at < len(level) and level[at] == hash(one) for level, at in places)


def _id_of(row: Row) -> str:
    spans = [f"{s.start}:{s.end}:{s.label}" for s in row.spans]
    return content_id(row.lang, row.text, row.text_pair, row.label, row.target, *spans)
