"""Parquet and Arrow IPC: record batches of any columns to rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.batches import batch_to_rows
from corpora.errors import UserError
from corpora.readers.mapping import RowBuilder
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import MOST_RATIO, UNPACKED_FREELY, seekable
from corpora.records import Row
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA
from corpora.storage import reading

_BATCH = 2_000
_ARROW_FILE = b"ARROW1"
# A size that is corrupt may ask for more memory than there is.
_NOT_WHOLE = (pa.ArrowException, MemoryError, OSError, UnicodeDecodeError)


def read_arrow(source: Source) -> Items:
    """The rows of an Arrow IPC file or stream, `source`."""
    yield from rows_of_batches(source, arrow_batches(source.path))


def parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The record batches of the Parquet file `path`; raises `UserError` if it is not one."""
    with seekable(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            _check_names(parquet.schema_arrow, path)
            _check_row_groups(parquet.metadata, path)
            yield from parquet.iter_batches(batch_size=_BATCH)
        except _NOT_WHOLE as error:
            raise UserError(f"not a whole Parquet file ({_in_a_line(error)})", file=path) from error


def _check_row_groups(metadata: pq.FileMetaData, path: Path) -> None:
    """Raise `UserError` for a group of rows that unpacks to far more than data does."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        columns = [row_group.column(i) for i in range(row_group.num_columns)]
        packed = sum(column.total_compressed_size for column in columns)
        size = sum(column.total_uncompressed_size for column in columns)
        if size > max(UNPACKED_FREELY, MOST_RATIO * packed):
            raise UserError(
                f"{packed:,} bytes of row group {group} unpack to {size:,}, which is more than "
                f"{MOST_RATIO} times as many; if that is meant to be so, write it uncompressed",
                file=path,
            )


def arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The record batches of the Arrow IPC file or stream `path`.

    Raises `UserError` if it is not one.
    """
    with reading(path):
        is_file = path.is_file()
    if not is_file:
        raise UserError("no such file", file=path)
    with seekable(path) as file:
        head = file.read(len(_ARROW_FILE))
        file.seek(0)
        try:
            if head == _ARROW_FILE:
                reader = pa.ipc.open_file(file)
                _check_names(reader.schema, path)
                yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                stream = pa.ipc.open_stream(file)
                _check_names(stream.schema, path)
                yield from stream
        except _NOT_WHOLE as error:
            raise UserError(f"not a whole Arrow file ({_in_a_line(error)})", file=path) from error


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _check_names(schema: pa.Schema, path: Path) -> None:
    """Raise `UnicodeDecodeError` for names that cannot be read, `UserError` for equal ones."""
    if len(set(schema.names)) < len(schema.names):
        raise UserError("two columns have the same name", file=path)


def rows_of_batches(source: Source, batches: Iterator[pa.RecordBatch]) -> Items:
    """The rows of all `batches` of `source`, numbered from 1."""
    number = 0
    reader = _BatchReader(source)
    for whole in batches:
        for start in range(0, whole.num_rows, _BATCH):
            batch = whole.slice(start, _BATCH)
            yield from reader.read(batch, number + 1)
            number += batch.num_rows


class _BatchReader:
    """Makes rows of batches, which may differ in their columns where files do."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._builder: RowBuilder | None = None
        self._schema: pa.Schema | None = None

    def read(self, batch: pa.RecordBatch, first: int) -> Items:
        """The rows of `batch`, the first of which is number `first`."""
        options = self._source.options
        as_written = not options.columns.given() and options.offsets in (None, "codepoints")
        if as_written and _has_row_schema(batch):
            yield from enumerate(batch_to_rows(batch), first)
            return
        records = _records(batch)
        builder = self._builder_for(batch.schema, records)
        for number, record in enumerate(records, first):
            if isinstance(record, str):
                problem = f"a value cannot be read: {record}"
                yield Defect(number, "damaged-value", problem, Row("", self._source.lang, ""))
            else:
                yield builder.build(number, record)

    def _builder_for(self, schema: pa.Schema, records: Sequence[_Record | str]) -> RowBuilder:
        if self._builder is None:
            first = [r for r in records if not isinstance(r, str)]
            self._builder = RowBuilder(self._source, schema.names, first, _class_names(schema))
            self._schema = schema
        elif not schema.equals(self._schema, check_metadata=True):
            self._builder.class_names = _class_names(schema)
            self._schema = schema
        return self._builder


_Record = dict[str, Any]


def _records(batch: pa.RecordBatch) -> list[_Record | str]:
    """The values of each row by column; for a row with a corrupt value, what is wrong."""
    try:
        # Without this check, reading may go beyond the file's memory.
        batch.validate(full=True)
        columns = [column.to_pylist() for column in batch.columns]
    except (pa.ArrowException, MemoryError, ValueError, OverflowError) as error:
        half = batch.num_rows // 2
        if not half:
            return [_in_a_line(error)]
        return _records(batch.slice(0, half)) + _records(batch.slice(half))
    names = batch.schema.names
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _has_row_schema(batch: pa.RecordBatch) -> bool:
    """Whether `batch_to_rows` can make rows of `batch`: a schema of ours, and no value missing."""
    schema = batch.schema
    if not any(
        schema.names == expected.names
        and all(schema.field(f.name).type.equals(f.type) for f in expected)
        for expected in (ROW_SCHEMA, DROPPED_SCHEMA)
    ):
        return False
    try:
        batch.validate(full=True)
    except pa.ArrowException:
        return False
    return not any(column.null_count for column in _required_values(batch))


def _required_values(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    """Columns and items that must not be null, which the types alone do not ensure."""
    synthetic = batch.filter(batch.column("method").is_valid())
    yield from (batch.column(name) for name in ("id", "lang", "text"))
    yield from (
        synthetic.column(name) for name in ("source_id", "source_lang", "source_text", "model")
    )
    for column in (batch.column("spans"), batch.column("tokens"), synthetic.column("source_spans")):
        items = column.flatten()
        yield items
        yield from (items.field(f.name) for f in items.type if f.name in ("start", "end", "label"))
    for column in (batch.column("meta"), synthetic.column("scores")):
        first, end = column.offsets[0].as_py(), column.offsets[-1].as_py()
        yield column.items.slice(first, end - first)


def _class_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """The names of class numbers by column, which `datasets` keeps in the schema's metadata."""
    try:
        info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = dict(info["info"]["features"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    class_names: dict[str, Sequence[str]] = {}
    for name, feature in features.items():
        while isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
            feature = feature["feature"]
        if isinstance(feature, list) and feature:
            feature = feature[0]
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            if isinstance(names, list) and all(isinstance(n, str) for n in names):
                class_names[name] = names
    return class_names
