"""Rows sorted by their split, and a file for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pyarrow as pa

from corpora.batches import batch_to_rows, rows_to_batch
from corpora.records import Row
from corpora.schema import ROW_SCHEMA
from corpora.splits import file_names
from corpora.storage import COMPRESSIONS

_ROWS = 5_000


def spooled_by_split(rows: Iterable[Row], folder: Path) -> Mapping[str, Iterable[Row]]:
    """`rows` by split, those without one under `train`; they wait in files in `folder`.

    Where there are none, an empty `train`.
    """
    files: dict[str, Path] = {}
    rows = iter(rows)
    with ExitStack() as stack:
        writers: dict[str, pa.ipc.RecordBatchStreamWriter] = {}
        while chunk := list(islice(rows, _ROWS)):
            by_split: dict[str, list[Row]] = {}
            for row in chunk:
                by_split.setdefault(row.split or "train", []).append(row)
            for split, part in by_split.items():
                if split not in writers:
                    files[split] = folder / f"{len(files):05d}"
                    stream = pa.ipc.new_stream(str(files[split]), ROW_SCHEMA)
                    writers[split] = stack.enter_context(stream)
                writers[split].write_batch(rows_to_batch(part))
    return {split: _Spool(path) for split, path in files.items()} or {"train": ()}


class _Spool:
    """The rows of a file of record batches."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Row]:
        with pa.OSFile(str(self._path)) as file:
            for batch in pa.ipc.open_stream(file):
                yield from batch_to_rows(batch)


def split_paths(path: Path, splits: Iterable[str]) -> dict[str, Path]:
    """The file of each of `splits`: `path` for one alone, else with the split before its suffix."""
    splits = list(splits)
    if len(splits) == 1:
        return {splits[0]: path}
    end = len(path.suffixes) - 1
    while end > 0 and path.suffixes[end] in COMPRESSIONS:
        end -= 1
    suffix = "".join(path.suffixes[max(end, 0) :])
    stem = path.name.removesuffix(suffix)
    return {
        split: path.with_name(f"{stem}.{name}{suffix}")
        for split, name in file_names(splits).items()
    }
