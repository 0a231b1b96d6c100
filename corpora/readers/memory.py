"""Rows in memory, read and checked like those of a file.

They may be `Row`s, dictionaries, anything that gives Arrow data (a Polars frame, a pyarrow table),
or a data set of the library `datasets`; none of these libraries is imported for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from corpora.choices import OffsetUnit, OnError, Task
from corpora.errors import UserError
from corpora.readers.columnar import rows_of_batches
from corpora.readers.corpus import Corpus
from corpora.readers.folders import with_split
from corpora.readers.mapping import RowBuilder
from corpora.readers.options import (
    ColumnMapping,
    Format,
    Items,
    ReadOptions,
    Source,
    checked_offsets,
    checked_on_error,
    checked_scheme,
    checked_separator,
    checked_splits,
    checked_task,
)
from corpora.records import Row

IN_MEMORY = Path("rows in memory")
"""What error messages call them."""
_BATCH = 2_000
_WINDOW = 1_000  # records that are looked at to find the columns


class ArrowData(Protocol):
    """What gives Arrow data by the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> object:
        """The data as a stream of batches, of `requested_schema` where that can be done."""
        ...


InMemory = ArrowData | Iterable[Row] | Iterable[Mapping[str, Any]]
"""Rows in memory, of any kind."""


def rows_of(
    data: InMemory,
    *,
    task: Task | str,
    lang: str | None = None,
    columns: ColumnMapping | None = None,
    on_error: OnError | str = "error",
    scheme: str | None = None,
    split: str | Sequence[str] | None = None,
    labelled: bool = True,
    max_chars: int | None = None,
    offsets: OffsetUnit | str | None = None,
    label_separator: str | None = None,
    gold: Sequence[Row] | None = None,
) -> Corpus:
    """The rows in `data` as a corpus that can be read any number of times.

    An iterator is read to its end now. `task`, `lang`, `columns`, `on_error`, `scheme`, `split`,
    `labelled`, `max_chars`, `offsets`, `label_separator` and `gold` are those of
    `open_corpus`. Raises `UserError` for an unknown task or scheme, and `TypeError` for data of
    another kind.
    """
    task, on_error = checked_task(task), checked_on_error(on_error)
    options = ReadOptions(
        task=task,
        lang=lang,
        columns=columns or ColumnMapping(),
        on_error=on_error,
        scheme=checked_scheme(scheme),
        splits=checked_splits(split),
        labelled=labelled,
        max_chars=max_chars,
        offsets=checked_offsets(offsets),
        label_separator=checked_separator(label_separator),
        gold=gold,
    )
    if holds_arrow(data):
        return _corpus(lambda source: rows_of_batches(source, _batches(source, data)), options)
    records = records_of(data)
    return _corpus(lambda source: _rows_of_records(source, records), options)


def holds_arrow(data: object) -> bool:
    """Whether `batches_of` can give the batches of `data`."""
    is_table = hasattr(data, "__arrow_c_stream__") and not _is_column(data)
    return is_table or _is_dataset(data) or _is_datasets(data) or _is_lazy(data)


def batches_of(data: Any) -> Iterator[pa.RecordBatch]:
    """The record batches of `data`, which `holds_arrow`; a data set's with its class names.

    Of a dictionary of data sets, those of all of them, with the split that each is.
    """
    return _batches(Source(IN_MEMORY, ReadOptions("text")), data)


def _batches(source: Source, data: Any) -> Iterator[pa.RecordBatch]:
    if _is_datasets(data):
        chosen = source.options.splits or tuple(data)
        for split in chosen:
            if split not in data:
                raise UserError(f"no split {split!r}", file=IN_MEMORY, choices=map(str, data))
            yield from _of_dataset(source, data[split], split)
    elif _is_dataset(data):
        yield from _of_dataset(source, data, getattr(data, "split", None))
    elif _is_lazy(data):
        yield from pa.table(data.collect()).to_batches(_BATCH)
    else:
        yield from pa.table(data).to_batches(_BATCH)


def _of_dataset(source: Source, data: Any, split: object) -> Iterator[pa.RecordBatch]:
    """The batches of one data set; rows that name no split are of `split`, if it is one."""
    for table in data.with_format("arrow").iter(_BATCH):
        for batch in table.to_batches():
            yield batch if split is None else with_split(batch, str(split), source)


def records_of(data: object) -> list[Row | Mapping[str, Any]]:
    """The rows and dictionaries in `data`; raises `TypeError` where it has anything else."""
    if isinstance(data, str | bytes | Path | Mapping) or not isinstance(data, Iterable):
        raise TypeError(f"{type(data).__name__}: no rows")
    records = list(data)
    for number, record in enumerate(records, 1):
        if not isinstance(record, Row | Mapping):
            problem = f"item {number} is a {type(record).__name__}, no Row and no dictionary"
            raise TypeError(problem)
    return records


def _is_column(data: object) -> bool:
    """Whether `data` is a single column, such as a Polars series or a chunked array."""
    return not hasattr(data, "columns") and not hasattr(data, "schema")


def _is_dataset(data: object) -> bool:
    """Whether `data` is a `datasets.Dataset`, known without importing that library."""
    return hasattr(data, "with_format") and hasattr(data, "features") and hasattr(data, "iter")


def _is_datasets(data: object) -> bool:
    return isinstance(data, Mapping) and bool(data) and all(map(_is_dataset, data.values()))


def _is_lazy(data: object) -> bool:
    """Whether `data` is a Polars `LazyFrame`."""
    return hasattr(data, "collect") and hasattr(data, "collect_schema")


def _corpus(read: Any, options: ReadOptions) -> Corpus:
    return Corpus(IN_MEMORY, Format("memory", read, (), "row"), options)


def _rows_of_records(source: Source, records: list[Row | Mapping[str, Any]]) -> Items:
    """Rows as they are, dictionaries as rows, each numbered from 1."""
    numbered = enumerate(records, 1)
    window = list(islice(numbered, _WINDOW))
    first = [record for _, record in window if not isinstance(record, Row)]
    names = dict.fromkeys(key for record in first for key in record)
    builder = RowBuilder(source, names, first) if first else None
    for number, record in chain(window, numbered):
        if isinstance(record, Row):
            yield number, record
            continue
        if builder is None:
            builder = RowBuilder(source, record, [record])
        yield builder.build(number, record)
