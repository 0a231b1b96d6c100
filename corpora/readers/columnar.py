"""Parquet, Arrow IPC, and folders of them: `datasets`' `save_to_disk`, and our own exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.errors import UserError
from corpora.readers.mapping import RowBuilder
from corpora.readers.options import Items, Source
from corpora.readers.streams import seekable
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA, batch_to_rows

_BATCH = 2_000
_ARROW_FILE = b"ARROW1"


def read_parquet(source: Source) -> Items:
    """The rows of a Parquet file, or of all those in a folder, in the order of their names."""
    paths = [source.path]
    if source.path.is_dir():
        paths = _parquet_files(source)
    yield from _read_batches(source, (b for path in paths for b in _parquet_batches(path)))


def read_arrow(source: Source) -> Items:
    """The rows of an Arrow IPC file or stream."""
    yield from _read_batches(source, _arrow_batches(source.path))


def read_datasets(source: Source) -> Items:
    """The rows of a folder that `datasets` saved; `split` chooses where there are several."""
    folder = source.path
    splits = _json(folder / "dataset_dict.json").get("splits")
    split = source.options.split
    if splits is not None:
        if split is None and len(splits) > 1:
            raise UserError("this data set has several splits; name one", file=folder,
                            choices=splits)  # fmt: skip
        chosen = splits[0] if split is None else split
        if chosen not in splits:
            raise UserError(f"no split {chosen!r}", file=folder, choices=splits)
        folder = folder / _plain_name(folder, chosen)
    state = _json(folder / "state.json")
    if "_data_files" not in state:
        raise UserError("not a folder that datasets saved: no state.json", file=folder)
    paths = [folder / _plain_name(folder, f["filename"]) for f in state["_data_files"]]
    yield from _read_batches(source, (b for path in paths for b in _arrow_batches(path)))


def is_datasets_folder(folder: Path) -> bool:
    """Whether `datasets`' `save_to_disk` made this folder."""
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def has_parquet(folder: Path) -> bool:
    """Whether there are Parquet files in this folder or in its `data/`."""
    return any(_glob(folder))


def _glob(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")])


def _parquet_files(source: Source) -> list[Path]:
    paths = _glob(source.path)
    split = source.options.split
    if split is None:
        return paths
    splits = {path.name.split("-")[0].removesuffix(".parquet") for path in paths}
    if split not in splits:
        raise UserError(f"no split {split!r}", file=source.path, choices=splits)
    return [p for p in paths if p.name.split("-")[0].removesuffix(".parquet") == split]


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UserError(f"not JSON: {error}", file=path) from error
    return value if isinstance(value, dict) else {}


def _plain_name(folder: Path, name: str) -> str:
    # The name comes from a file that anyone may have written: it must not lead elsewhere.
    if not isinstance(name, str) or Path(name).name != name or name in ("", ".", ".."):
        raise UserError(f"not a file name: {name!r}", file=folder)
    return name


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with seekable(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            yield from parquet.iter_batches(batch_size=_BATCH)
        except pa.ArrowException as error:
            raise UserError(f"not a whole Parquet file ({error})", file=path) from error


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.is_file():
        raise UserError("no such file", file=path)
    with seekable(path) as file:
        head = file.read(len(_ARROW_FILE))
        file.seek(0)
        try:
            if head == _ARROW_FILE:
                reader = pa.ipc.open_file(file)
                yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                yield from pa.ipc.open_stream(file)
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"not a whole Arrow file ({error})", file=path) from error


def _read_batches(source: Source, batches: Iterator[pa.RecordBatch]) -> Items:
    number = 0
    builder: RowBuilder | None = None
    for whole in batches:
        for start in range(0, whole.num_rows, _BATCH):
            batch = whole.slice(start, _BATCH)
            if not source.options.columns.given() and _is_ours(batch.schema):
                for row in batch_to_rows(batch):
                    number += 1
                    yield number, row
                continue
            names = batch.schema.names
            records = [
                dict(zip(names, values, strict=True))
                for values in zip(*(c.to_pylist() for c in batch.columns), strict=True)
            ]
            if builder is None:
                builder = RowBuilder(source, names)
                builder.class_names = _class_names(batch.schema)
                builder.look(records)
            for record in records:
                number += 1
                yield builder.build(number, record)


def _is_ours(schema: pa.Schema) -> bool:
    return any(
        schema.names == ours.names and all(schema.field(f.name).type.equals(f.type) for f in ours)
        for ours in (ROW_SCHEMA, DROPPED_SCHEMA)
    )


def _class_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """The names of class numbers by column, which `datasets` keeps in the schema's metadata."""
    found: dict[str, Sequence[str]] = {}
    try:
        info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = info.get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        return found
    for name, feature in features.items():
        while isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
            feature = feature["feature"]
        if isinstance(feature, list) and feature:
            feature = feature[0]
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
            found[name] = feature["names"]
    return found
