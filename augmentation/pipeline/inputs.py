"""Data in memory written to files, because the configuration of a pipeline names files."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.batches import rows_to_batch
from corpora.errors import UserError, call, called
from corpora.fingerprint import file_hash
from corpora.folders import inputs_folder
from corpora.readers.memory import IN_MEMORY, InMemory, batches_of, holds_arrow, records_of
from corpora.readers.pipes import is_read_once, regular_file
from corpora.records import Row
from corpora.schema import ROW_SCHEMA
from corpora.storage import make_folder, writing

RowData = str | Path | InMemory
"""A file or folder of rows, or rows in memory."""
_BATCH = 10_000


def saved(data: RowData) -> Path:
    """The path `data`, or a file with the rows in memory (or from the pipe) that `data` has.

    The file is in `inputs_folder` and is named for its content, so that the same rows are written
    once. Arrow data and `Row`s become an Arrow file, dictionaries JSON Lines. They are written
    unchecked: reading the file checks them. Raises `TypeError` for data of another kind, and
    `UserError` for values that cannot be written.
    """
    if isinstance(data, str | Path):
        return kept(Path(data))
    if holds_arrow(data):
        return _write(".arrow", lambda path: _write_batches(path, batches_of(data)))
    records = records_of(data)
    rows = [record for record in records if isinstance(record, Row)]
    if len(rows) == len(records):
        batches = (rows_to_batch(chunk) for chunk in _chunks(rows))
        return _write(".arrow", lambda path: _write_batches(path, batches, ROW_SCHEMA))
    if rows:
        raise TypeError("rows and dictionaries cannot be mixed here")
    return _write(".jsonl", lambda path: _write_json(path, records))


def kept(path: Path) -> Path:
    """`path`; where it can be read only once, a file with all that comes from it.

    The file is in `inputs_folder` and is named for its content, so that the same command with the
    same input continues its run.
    """
    if not is_read_once(path):
        return path
    copy = regular_file(path)
    file = _write("".join(copy.suffixes), lambda temporary: shutil.move(copy, temporary))
    call(file, called(copy))
    return file


@contextmanager
def naming_rows_in_memory() -> Iterator[None]:
    """Have errors in files that `saved` wrote name the rows in memory; also a decorator."""
    try:
        yield
    except UserError as error:
        if error.file is None or Path(error.file).parent != inputs_folder():
            raise
        row = error.line if error.row is None else error.row
        raise UserError(error.problem, file=IN_MEMORY, row=row, choices=error.choices) from error


def saved_pairs(pairs: Iterable[tuple[str, str]]) -> Path:
    """A tab-separated file with the sentence `pairs` (source, target), named for its content.

    Raises `UserError` for a sentence with a tab or a line break.
    """

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for number, pair in enumerate(pairs, 1):
                if any(mark in text for text in pair for mark in "\t\r\n"):
                    raise UserError("a sentence has a tab or a line break", row=number)
                file.write("\t".join(pair) + "\n")

    return _write(".tsv", write)


def _write(suffix: str, write: Callable[[Path], object]) -> Path:
    folder = inputs_folder()
    make_folder(folder)
    with writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".") as temporary:
        path = Path(temporary) / "rows"
        write(path)
        # The same content has the same name: a second writer changes nothing.
        return path.replace(folder / f"rows-{file_hash(path)[:16]}{suffix}")


def _write_batches(
    path: Path, batches: Iterable[pa.RecordBatch], schema: pa.Schema | None = None
) -> None:
    iterator = iter(batches)
    first = next(iterator, None)
    if first is not None:
        schema = first.schema
    elif schema is None:
        raise UserError("there are no rows")
    with pa.ipc.new_file(str(path), schema) as file:
        for batch in iterator if first is None else chain((first,), iterator):
            file.write_batch(batch)


def _write_json(path: Path, records: Sequence[Row | Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, record in enumerate(records, 1):
            try:
                # Not-a-number would be no JSON; lone surrogates stay escaped.
                line = json.dumps(record, default=_plain)
            except (TypeError, ValueError, RecursionError) as error:
                raise UserError(f"a value cannot be written: {error}", row=number) from error
            file.write(line + "\n")


def _plain(value: Any) -> Any:
    """What JSON can hold of a mapping, a number of NumPy, or an array."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r:.80} is a {type(value).__name__}")


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, _BATCH)):
        yield chunk
