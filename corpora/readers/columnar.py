"""Parquet, Arrow IPC, and folders of them: `datasets`' `save_to_disk`, and our own exports."""

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
from corpora.readers.streams import seekable
from corpora.records import Row
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA
from corpora.splits import split_name

_BATCH = 2_000
_ARROW_FILE = b"ARROW1"
_HELD_BACK = frozenset({"validation", "valid", "val", "dev", "test", "eval"})
"""Splits that are told by a file's name, as `datasets` has them; any other may name no split."""


def read_parquet(source: Source) -> Items:
    """The rows of a Parquet file, or of all those in a folder, in the order of their names.

    Where files of a folder have no splits in them, they are of the one that they are named for.
    """
    if not source.path.is_dir():
        yield from _read_batches(source, _parquet_batches(source.path))
        return
    named = source.options.columns.split is None
    batches = (
        _with_split(batch, path) if named else batch
        for path in _parquet_files(source)
        for batch in _parquet_batches(path)
    )
    yield from _read_batches(source, batches)


def read_arrow(source: Source) -> Items:
    """The rows of an Arrow IPC file or stream."""
    yield from _read_batches(source, _arrow_batches(source.path))


def read_datasets(source: Source) -> Items:
    """The rows of a folder that `datasets` saved; `split` chooses where there are several."""
    folder = source.path
    splits = _names(folder / "dataset_dict.json", "splits")
    split = source.options.split
    if splits is not None:
        if split is None and len(splits) > 1:
            raise UserError("this data set has several splits; name one", file=folder,
                            choices=splits)  # fmt: skip
        chosen = splits[0] if split is None else split
        if chosen not in splits:
            raise UserError(f"no split {chosen!r}", file=folder, choices=splits)
        folder = folder / _plain_name(folder, chosen)
    files = _names(folder / "state.json", "_data_files", "filename")
    if files is None:
        raise UserError("not a folder that datasets saved: no state.json", file=folder)
    paths = [folder / _plain_name(folder, name) for name in files]
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
    if split is None or not split_by_files(source.path, split):
        return paths
    splits = {_split_of(path) for path in paths}
    if split not in splits:
        raise UserError(f"no split {split!r}", file=source.path, choices=splits)
    return [path for path in paths if _split_of(path) == split]


def _split_of(path: Path) -> str:
    """What a file is named for: `test` of `test-00000-of-00001.parquet`."""
    return path.name.split("-")[0].removesuffix(".parquet")


def _with_split(batch: pa.RecordBatch, path: Path) -> pa.RecordBatch:
    split = _split_of(path)
    if split not in _HELD_BACK or "split" in batch.schema.names:
        return batch
    return batch.append_column("split", pa.repeat(pa.scalar(split), batch.num_rows))


def split_by_files(path: Path, split: str) -> bool:
    """Whether the reader of `path` finds `split` by its files, so that rows need not name it."""
    if not path.is_dir():
        return False
    if is_datasets_folder(path):
        return (path / "dataset_dict.json").is_file()
    return split_name(split) == split


def default_split(path: Path) -> str:
    """The split of rows that name none: `train`, as in our exports, or what `datasets` saved."""
    state = _json(path / "state.json") if path.is_dir() else None
    said = state.get("_split") if isinstance(state, dict) else None
    return said if isinstance(said, str) and said else "train"


def _names(path: Path, key: str, part: str | None = None) -> list[str] | None:
    """The list of names under `key` of a JSON file, or of objects whose `part` is the name.

    None where there is no such file. Raises `UserError` for anything else.
    """
    value = _json(path)
    if value is None:
        return None
    names = value.get(key) if isinstance(value, dict) else None
    if part is not None and isinstance(names, list):
        names = [one.get(part) if isinstance(one, dict) else None for one in names]
    if not names or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        what = "names" if part is None else f"objects with a {part!r}"
        raise UserError(f"its {key!r} is not a list of {what}", file=path)
    return names


def _json(path: Path) -> Any:
    """What a JSON file holds, None where there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", file=path) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"not JSON: {error}", file=path) from error


def _plain_name(folder: Path, name: str) -> str:
    # The name comes from a file that anyone may have written: it must not lead elsewhere.
    if Path(name).name != name or name in ("", ".", ".."):
        raise UserError(f"not a file name: {name!r}", file=folder)
    return name


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with seekable(path) as file:
        try:
            parquet = pq.ParquetFile(file)
            _check_names(parquet.schema_arrow, path)
            yield from parquet.iter_batches(batch_size=_BATCH)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise UserError(f"not a whole Parquet file ({_in_a_line(error)})", file=path) from error


def _arrow_batches(path: Path) -> Iterator[pa.RecordBatch]:
    if not path.is_file():
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
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise UserError(f"not a whole Arrow file ({_in_a_line(error)})", file=path) from error


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _check_names(schema: pa.Schema, path: Path) -> None:
    """Raise `UnicodeDecodeError` for names that cannot be read, `UserError` for equal ones."""
    if len(set(schema.names)) < len(schema.names):
        raise UserError("two columns have the same name", file=path)


def _read_batches(source: Source, batches: Iterator[pa.RecordBatch]) -> Items:
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
        if not self._source.options.columns.given() and _is_ours(batch):
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
            self._builder = RowBuilder(self._source, schema.names)
        if self._schema is None or not schema.equals(self._schema, check_metadata=True):
            self._builder.class_names = _class_names(schema)
            if self._schema is None:
                self._builder.look([r for r in records if not isinstance(r, str)])
            self._schema = schema
        return self._builder


_Record = dict[str, Any]


def _records(batch: pa.RecordBatch) -> list[_Record | str]:
    """The values of each row by column; for a row that has a damaged value, what is wrong."""
    try:
        # What is read without this may lie outside of the file's memory.
        batch.validate(full=True)
        columns = [column.to_pylist() for column in batch.columns]
    except (pa.ArrowException, ValueError, OverflowError) as error:
        half = batch.num_rows // 2
        if not half:
            return [_in_a_line(error)]
        return _records(batch.slice(0, half)) + _records(batch.slice(half))
    names = batch.schema.names
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _is_ours(batch: pa.RecordBatch) -> bool:
    """Whether `batch_to_rows` can make rows of `batch`: its columns are ours, and whole."""
    schema = batch.schema
    if not any(
        schema.names == ours.names and all(schema.field(f.name).type.equals(f.type) for f in ours)
        for ours in (ROW_SCHEMA, DROPPED_SCHEMA)
    ):
        return False
    try:
        batch.validate(full=True)
    except pa.ArrowException:
        return False
    return not any(column.null_count for column in _always_there(batch))


def _always_there(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    """What must not be null in a batch of our columns, which their types alone do not ensure."""
    made = batch.filter(batch.column("method").is_valid())
    yield from (batch.column(name) for name in ("id", "lang", "text"))
    yield from (made.column(name) for name in ("source_id", "source_lang", "source_text", "model"))
    for column in (batch.column("spans"), batch.column("tokens"), made.column("source_spans")):
        items = column.flatten()
        yield items
        yield from (items.field(f.name) for f in items.type if f.name in ("start", "end", "label"))
    for column in (batch.column("meta"), made.column("scores")):
        first, end = column.offsets[0].as_py(), column.offsets[-1].as_py()
        yield column.items.slice(first, end - first)


def _class_names(schema: pa.Schema) -> Mapping[str, Sequence[str]]:
    """The names of class numbers by column, which `datasets` keeps in the schema's metadata."""
    try:
        info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = dict(info["info"]["features"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    found: dict[str, Sequence[str]] = {}
    for name, feature in features.items():
        while isinstance(feature, dict) and isinstance(feature.get("feature"), dict):
            feature = feature["feature"]
        if isinstance(feature, list) and feature:
            feature = feature[0]
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            if isinstance(names, list) and all(isinstance(n, str) for n in names):
                found[name] = names
    return found
