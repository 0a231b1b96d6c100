"""Folders of Parquet files and those of `datasets`' `save_to_disk`, and their splits."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.errors import UserError
from corpora.readers.columnar import arrow_batches, parquet_batches, rows_of_batches
from corpora.readers.columns import usual_names
from corpora.readers.options import Items, Source
from corpora.splits import split_name

_HELD_BACK = frozenset({"validation", "valid", "val", "dev", "test", "eval"})
"""Names of splits in file names, as `datasets` has them; any other name may mean something else."""


def read_parquet(source: Source) -> Items:
    """The rows of a Parquet file, or of all those in a folder, in the order of their names.

    `source` is the file or the folder. Where files of a folder have no splits in them, their rows
    are of the split that the file is named for.
    """
    if not source.path.is_dir():
        yield from rows_of_batches(source, parquet_batches(source.path))
        return
    wanted = _HELD_BACK.union(source.options.splits)
    batches = (
        with_split(batch, split, source) if (split := _split_of(path)) in wanted else batch
        for path in _parquet_files(source)
        for batch in parquet_batches(path)
    )
    yield from rows_of_batches(source, batches)


def read_datasets(source: Source) -> Items:
    """The rows of `source`, a folder that `datasets` saved.

    Of several splits all are read, or those that the options of `source` name; rows that name none
    are of the split that they were saved as. Raises `UserError` for a split that there is not, and
    for a folder that `datasets` did not save.
    """
    folder = source.path
    splits = _names(folder / "dataset_dict.json", "splits")
    if splits is None:
        yield from rows_of_batches(source, _saved_batches(source, folder, None))
        return
    for split in source.options.splits:
        if split not in splits:
            raise UserError(f"no split {split!r}", file=folder, choices=splits)
    batches = (
        batch
        for split in source.options.splits or splits
        for batch in _saved_batches(source, folder / _plain_name(folder, split), split)
    )
    yield from rows_of_batches(source, batches)


def _saved_batches(source: Source, folder: Path, split: str | None) -> Iterator[pa.RecordBatch]:
    """The batches of one saved data set, in which rows that name no split are of `split`."""
    files = _names(folder / "state.json", "_data_files", "filename")
    if files is None:
        raise UserError("not a folder that datasets saved: no state.json", file=folder)
    split = split or _saved_split(folder)
    for name in files:
        for batch in arrow_batches(folder / _plain_name(folder, name)):
            yield batch if split is None else with_split(batch, split, source)


def saved_splits(path: Path) -> list[str]:
    """The splits of the dictionary of data sets that `datasets` saved in the folder `path`; none
    where it is anything else."""
    return _names(path / "dataset_dict.json", "splits") or [] if path.is_dir() else []


def is_datasets_folder(folder: Path) -> bool:
    """Whether `datasets`' `save_to_disk` made `folder`."""
    return any((folder / name).is_file() for name in ("dataset_dict.json", "state.json"))


def has_parquet(folder: Path) -> bool:
    """Whether there are Parquet files in `folder` or in its `data/`."""
    return any(_glob(folder))


def _glob(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")])


def _parquet_files(source: Source) -> list[Path]:
    paths = _glob(source.path)
    wanted = source.options.splits
    if not wanted or not all(split_by_files(source.path, split) for split in wanted):
        return paths
    splits = {_split_of(path) for path in paths}
    for split in wanted:
        if split not in splits:
            raise UserError(f"no split {split!r}", file=source.path, choices=splits)
    return [path for path in paths if _split_of(path) in wanted]


def _split_of(path: Path) -> str:
    """The split in a file's name: `test` of `test-00000-of-00001.parquet`."""
    return path.name.split("-")[0].removesuffix(".parquet")


def split_of_file(path: Path, wanted: Collection[str]) -> str | None:
    """The split that `path`, a file of several, is named for: `test` of `test-0.csv.gz`.

    Only the usual names and those in `wanted` are splits.
    """
    name = re.split(r"[-.]", path.name)[0]
    return name if name in _HELD_BACK.union(wanted, ("train",)) else None


def with_split(batch: pa.RecordBatch, split: str, source: Source) -> pa.RecordBatch:
    """`batch` of `source` with a column that names `split`, if it has no split in it itself."""
    named = {*usual_names("split", source.options.task), source.options.columns.split}
    if not named.isdisjoint(batch.schema.names):
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
    """The split of rows in `path` that name none.

    It is `train`, as in our exports, or what `datasets` saved with the folder.
    """
    return (_saved_split(path) if path.is_dir() else None) or "train"


def _saved_split(folder: Path) -> str | None:
    """The split that `datasets` saved `folder` as, if it has one."""
    state = _json(folder / "state.json")
    split = state.get("_split") if isinstance(state, dict) else None
    return split if isinstance(split, str) and split else None


def _names(path: Path, key: str, part: str | None = None) -> list[str] | None:
    """The list of names under `key` of a JSON file, or of objects whose `part` is the name.

    None where there is no such file. Raises `UserError` for anything else.
    """
    value = _json(path)
    if value is None:
        return None
    names = value.get(key) if isinstance(value, dict) else None
    if part is not None and isinstance(names, list):
        names = [item.get(part) if isinstance(item, dict) else None for item in names]
    if not names or not isinstance(names, list) or not all(isinstance(n, str) for n in names):
        kind = "names" if part is None else f"objects with a {part!r}"
        raise UserError(f"its {key!r} is not a list of {kind}", file=path)
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
    # The name comes from a file from outside: it must not lead out of the folder.
    if Path(name).name != name or name in ("", ".", ".."):
        raise UserError(f"not a file name: {name!r}", file=folder)
    return name
