"""Parquet and Arrow IPC files, and the folder of Parquet files for trainers."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpora.batches import rows_to_batch
from corpora.errors import UserError
from corpora.records import Row
from corpora.schema import ROW_SCHEMA
from corpora.splits import file_names, split_name
from corpora.storage import make_empty_folder, make_folder, writing
from corpora.writers.options import Target

_ROWS = 10_000
_OPEN_FILES = 100


def _portable(type_: pa.DataType) -> pa.DataType:
    # `datasets` has no map type; a list of keys and values is equivalent.
    if not pa.types.is_map(type_):
        return type_
    return pa.list_(pa.struct([("key", type_.key_type), ("value", type_.item_type)]))


EXPORT_SCHEMA = pa.schema([field.with_type(_portable(field.type)) for field in ROW_SCHEMA])
"""`ROW_SCHEMA` for trainers: maps are lists of `key` and `value`."""


def write_parquet(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as a Parquet file of `EXPORT_SCHEMA`."""
    with pq.ParquetWriter(target.file, EXPORT_SCHEMA, compression="zstd") as writer:
        for batch in _batches(rows):
            writer.write_batch(export_batch(batch))


def write_arrow(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target` as an Arrow IPC file of `EXPORT_SCHEMA`."""
    with pa.ipc.new_file(target.file, EXPORT_SCHEMA) as writer:
        for batch in _batches(rows):
            writer.write_batch(export_batch(batch))


def write_dataset_folder(
    rows: Iterable[Row], folder: str | Path, *, rows_per_file: int = 100_000
) -> list[Path]:
    """`write_dataset_batches` for `rows`: at most `rows_per_file` of them per file of `folder`."""
    return write_dataset_batches(_batches(iter(rows)), folder, rows_per_file=rows_per_file)


def _batches(rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    while chunk := list(islice(rows, _ROWS)):
        yield rows_to_batch(chunk)


def write_dataset_batches(
    batches: Iterable[pa.RecordBatch], folder: str | Path, *, rows_per_file: int = 100_000
) -> list[Path]:
    """Write `data/<split>-00000-of-0000N.parquet` in `folder` for trainers; the files' paths.

    The `batches` have `ROW_SCHEMA`, and a file at most `rows_per_file` rows.
    `datasets.load_dataset(folder)` and `polars.read_parquet(folder/"data")` open what is written.
    Rows without a split are in `train`; characters of a split's name that a file's name cannot have
    become `_` (`split_name`). The old `data/` is replaced only when the new one is whole.
    Raises `UserError` for a split that no file can be named after, and for no space or no
    permission.
    """
    folder = Path(folder)
    make_folder(folder)
    final, temporary = folder / "data", folder / ".data.tmp"
    if final.is_symlink():
        raise UserError("a link: only a folder itself can be replaced", file=final)
    make_empty_folder(temporary)
    with writing(final):
        try:
            names = _write_splits(batches, temporary, rows_per_file)
            if final.exists():
                shutil.rmtree(final)
            temporary.replace(final)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return [final / name for name in names]


def _write_splits(batches: Iterable[pa.RecordBatch], folder: Path, rows_per_file: int) -> list[str]:
    with ExitStack() as stack:
        files: dict[str, _Files] = {}

        def file_of(split: str) -> _Files:
            if split not in files:
                if split_name(split) is None:
                    problem = f"not a name for a split of a data set: {split!r}"
                    raise UserError(problem, file=folder.parent)
                files[split] = _Files(folder / f"{len(files):05d}", rows_per_file)
                stack.callback(files[split].close)
            if sum(not others.closed for others in files.values()) >= _OPEN_FILES:
                for others in files.values():
                    others.close()
            return files[split]

        for batch in batches:
            splits = pc.fill_null(batch.column("split"), "train")
            for split in sorted(splits.unique().to_pylist()):
                file_of(split or "train").write(batch.filter(pc.equal(splits, split)))
        if not files:
            file_of("train").write(rows_to_batch([]))
    names = []
    for split, name in sorted(file_names(files).items()):
        paths = files[split].paths
        for number, path in enumerate(paths):
            names.append(f"{name}-{number:05d}-of-{len(paths):05d}.parquet")
            path.replace(folder / names[-1])
    return names


class _Files:
    """The Parquet files of one split, a new one when the last is full or was closed."""

    def __init__(self, base: Path, rows_per_file: int) -> None:
        self.paths: list[Path] = []
        self._base = base
        self._rows_left = self._rows_per_file = rows_per_file
        self._writer: pq.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        batch = export_batch(batch)
        while True:
            if self._writer is None:
                path = self._base.with_name(f"{self._base.name}-{len(self.paths):05d}")
                self.paths.append(path)
                self._writer = pq.ParquetWriter(path, EXPORT_SCHEMA, compression="zstd")
                self._rows_left = self._rows_per_file
            part = batch.slice(0, self._rows_left)
            self._writer.write_batch(part)
            self._rows_left -= part.num_rows
            batch = batch.slice(part.num_rows)
            if not batch.num_rows:
                return
            self.close()

    @property
    def closed(self) -> bool:
        return self._writer is None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def export_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`batch`, of `ROW_SCHEMA`, with the columns of `EXPORT_SCHEMA`."""
    columns = [
        _as_list(column, field.type) if pa.types.is_map(column.type) else column
        for column, field in zip(batch.columns, EXPORT_SCHEMA, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=EXPORT_SCHEMA)


def _as_list(column: pa.MapArray, type_: pa.DataType) -> pa.ListArray:
    # Of a slice, the offsets are into the whole and cannot be combined with a mask.
    first = column.offsets[0]
    count = column.offsets[-1].as_py() - first.as_py()
    children = [part.slice(first.as_py(), count) for part in (column.keys, column.items)]
    items = pa.StructArray.from_arrays(children, fields=list(type_.value_type))
    mask = column.is_null() if column.null_count else None
    offsets = pc.subtract(column.offsets, first)
    return pa.ListArray.from_arrays(offsets, items, type=type_, mask=mask)
