"""Rows to segments: sentences with offsets, each unique one kept in one shard and row.

A segment is kept where it is first seen: in the shard `shard`, as row `shard_row` of that shard's
new segments. Translations are stored in the same order, so that `shard` and `shard_row` find them.
The index of the segments seen so far is on disk, because the number of unique segments is the one
thing here that grows with the corpus.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from augmentation.translation.sqlite_index import (
    create_tables,
    is_corruption,
    remove_index,
    writing_index,
)
from corpora.fingerprint import fingerprint
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches, sidecar_of
from corpora.storage import make_folder
from translators.protection.stretches import Stretches, stretches_within
from translators.sentences import join_across

_TABLES = (
    "CREATE TABLE segments (key BLOB PRIMARY KEY, shard INTEGER, row INTEGER) WITHOUT ROWID",
    "CREATE TABLE shards (shard INTEGER PRIMARY KEY, made_from TEXT)",
)
VERSION = 3
FIELDS = ("text", "text_pair", "target")
"""The texts of a row, by their number in the column `field`."""
KEY_TYPE = pa.binary(16)
SEGMENT_SCHEMA = pa.schema(
    [
        pa.field("row", pa.int32(), nullable=False),
        pa.field("field", pa.int8(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("shard", pa.int32(), nullable=False),
        pa.field("shard_row", pa.int32(), nullable=False),
        pa.field("key", KEY_TYPE),
        pa.field("text", pa.string()),
        pa.field("protected", pa.list_(pa.int32())),
    ]
)
"""One segment of one row's field; `key` and `text` only where the segment is first seen.
`protected` are start, end, start, end, ... of what is kept as it is in the segment, null where
nothing is."""
Split = Callable[[str, str], Sequence[tuple[int, int]]]
"""A text and its language to the offsets of its sentences."""


def segment_key(text: str, lang: str, protected: Stretches = ()) -> bytes:
    """16 bytes (BLAKE2b) that identify `text` in the language `lang`, in which what is `protected`
    is kept as it is."""
    kept = "".join(f"\0{start}:{end}" for start, end in protected)
    data = f"{lang}\0{text}{kept}".encode()
    return hashlib.blake2b(data, digest_size=16).digest()


def segment_shard(
    source: ShardRef, out: ShardRef, lang: str, split: Split, labels: Sequence[str] = ()
) -> ShardRef:
    """Cut the texts of the rows in the shard `source` into sentences, as `split` finds them in the
    language `lang`, and write them to the shard `out`. Shards must come in order.

    Spans with one of `labels` are kept as they are by whoever translates the segments.
    """
    made_from = fingerprint(
        ["segment", VERSION, lang, sidecar_of(source).checksum, _before(out), *sorted(labels)]
    )
    if is_done(out, made_from):
        return out
    cut = [
        occurrence
        for at, batch in _numbered(read_batches(source))
        for occurrence in cut_rows(batch, lang, split, at, labels)
    ]
    keys = [segment_key(o.text, lang, o.protected) for o in cut]
    addresses = _assign(keys, out, made_from)
    with ShardWriter(out, made_from, schema=SEGMENT_SCHEMA) as writer:
        writer.write(_segment_batch(cut, keys, addresses, out.index))
    return out


def _assign(keys: Sequence[bytes], out: ShardRef, made_from: str) -> list[tuple[int, int]]:
    """Shard and row of each key, by the run's index, which is rebuilt if it is corrupt."""
    try:
        with open_index(out) as index:
            return index.assign(keys, out.index, made_from)
    except sqlite3.DatabaseError as error:
        if not is_corruption(error):
            raise
        remove_index(_index_path(out))
    with open_index(out) as index:
        return index.assign(keys, out.index, made_from)


@dataclass(slots=True)
class _Occurrence:
    row: int
    field: int
    start: int
    end: int
    text: str
    protected: Stretches = ()
    """What is kept as it is."""


def cut_rows(
    batch: pa.RecordBatch, lang: str, split: Split, first: int, labels: Sequence[str] = ()
) -> Iterator[_Occurrence]:
    """The segments of `batch` by row, field and start, as `split` finds them in the language
    `lang`; `first` is the number of the first row. Spans with one of `labels` are protected."""
    kept = _protected_spans(batch, labels)
    columns = [(number, batch.column(name)) for number, name in enumerate(FIELDS)]
    texts = [
        (number, column.to_pylist())
        for number, column in columns
        if column.null_count < len(column)
    ]
    for row in range(batch.num_rows):
        for number, values in texts:
            text = values[row]
            if text is not None:
                cuts = split(text, lang)
                if number == 0 and len(cuts) > 1:
                    spans = batch.column("spans")[row].as_py()
                    cuts = join_across(cuts, [(span["start"], span["end"]) for span in spans])
                stretches = kept.get(row, ()) if number == 0 else ()
                for start, end in cuts:
                    protected = stretches_within(stretches, start, end)
                    yield _Occurrence(first + row, number, start, end, text[start:end], protected)


def _protected_spans(
    batch: pa.RecordBatch, labels: Sequence[str]
) -> dict[int, list[tuple[int, int]]]:
    """By row of `batch`, start and end of the spans with one of `labels`."""
    if not labels:
        return {}
    kept: dict[int, list[tuple[int, int]]] = {}
    for row, spans in enumerate(batch.column("spans").to_pylist()):
        for span in spans or ():
            if span["label"] in labels:
                kept.setdefault(row, []).append((span["start"], span["end"]))
    return kept


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    at = 0
    for batch in batches:
        yield at, batch
        at += batch.num_rows


def _segment_batch(
    cut: list[_Occurrence], keys: list[bytes], addresses: list[tuple[int, int]], shard: int
) -> pa.RecordBatch:
    is_new = []
    next_row = 0
    for first_shard, row in addresses:
        is_new.append(first_shard == shard and row == next_row)
        next_row += is_new[-1]
    columns = [
        pa.array([occurrence.row for occurrence in cut], pa.int32()),
        pa.array([occurrence.field for occurrence in cut], pa.int8()),
        pa.array([occurrence.start for occurrence in cut], pa.int32()),
        pa.array([occurrence.end for occurrence in cut], pa.int32()),
        pa.array([first_shard for first_shard, _ in addresses], pa.int32()),
        pa.array([row for _, row in addresses], pa.int32()),
        pa.array([key if new else None for key, new in zip(keys, is_new, strict=True)], KEY_TYPE),
        pa.array(
            [occurrence.text if new else None for occurrence, new in zip(cut, is_new, strict=True)],
            pa.string(),
        ),
        pa.array([list(chain(*o.protected)) or None for o in cut], pa.list_(pa.int32())),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SEGMENT_SCHEMA)


def read_segments(ref: ShardRef) -> pa.Table:
    """The shard `ref` of segments."""
    return pa.Table.from_batches(read_batches(ref), SEGMENT_SCHEMA)


def new_segments(ref: ShardRef) -> pa.Table:
    """Key, text and what is protected of the segments that are first seen in the shard `ref`, in
    order."""
    table = read_segments(ref).select(["key", "text", "protected"])
    return table.filter(table.column("text").is_valid())


def needed_shards(ref: ShardRef) -> list[int]:
    """The shards whose translations the rows of the shard `ref` need."""
    shards = read_segments(ref).column("shard").to_numpy()
    return [int(shard) for shard in np.unique(shards)]


def _before(out: ShardRef) -> str | None:
    """The shard before `out` decides where segments are kept, so `out` is made from it too."""
    if out.index == 0:
        return None
    return sidecar_of(ShardRef(out.run, out.step, out.index - 1)).checksum


class SegmentIndex:
    """Shard and row of each unique segment, in an SQLite file that can be rebuilt from the shards.

    Commits survive the end of the process; an index broken by a crash of the machine is rebuilt.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """`connection` is that to the file."""
        self._connection = connection

    def assign(self, keys: Sequence[bytes], shard: int, made_from: str) -> list[tuple[int, int]]:
        """Shard and row of each of `keys`; new ones get `shard` and the next rows in it.

        `made_from` is the fingerprint of `shard`.
        """
        run = self._connection.execute
        self._forget(shard)
        assigned: dict[bytes, tuple[int, int]] = {}
        fresh: list[tuple[bytes, int, int]] = []
        for key in keys:
            if key in assigned:
                continue
            address = run("SELECT shard, row FROM segments WHERE key = ?", (key,)).fetchone()
            if address is None:
                address = (shard, len(fresh))
                fresh.append((key, *address))
            assigned[key] = address
        self._add(fresh, shard, made_from)
        return [assigned[key] for key in keys]

    def knows(self, shard: int, made_from: str) -> bool:
        """Whether `shard` is in the index as it was made from `made_from`, as all before it are."""
        record = self._connection.execute(
            "SELECT made_from FROM shards WHERE shard = ?", (shard,)
        ).fetchone()
        return record is not None and record[0] == made_from

    def restore(self, refs: Sequence[ShardRef]) -> None:
        """Rebuild the index from the shards `refs`, which are done."""
        self._forget(0)
        for ref in refs:
            keys = new_segments(ref).column("key").to_pylist()
            rows = [(key, ref.index, row) for row, key in enumerate(keys)]
            self._add(rows, ref.index, sidecar_of(ref).fingerprint)

    def _forget(self, shard: int) -> None:
        run = self._connection.execute
        if run("SELECT 1 FROM shards WHERE shard >= ?", (shard,)).fetchone():
            run("DELETE FROM segments WHERE shard >= ?", (shard,))
            run("DELETE FROM shards WHERE shard >= ?", (shard,))

    def _add(self, fresh: list[tuple[bytes, int, int]], shard: int, made_from: str) -> None:
        self._connection.executemany("INSERT INTO segments VALUES (?, ?, ?)", fresh)
        self._connection.execute("INSERT INTO shards VALUES (?, ?)", (shard, made_from))
        self._connection.commit()


@contextmanager
def open_index(ref: ShardRef) -> Iterator[SegmentIndex]:
    """The index of the run, with all shards before `ref` in it."""
    make_folder(ref.folder)
    with writing_index(_index_path(ref)), closing(sqlite3.connect(_index_path(ref))) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        create_tables(connection, _TABLES)
        connection.commit()
        index = SegmentIndex(connection)
        before = [ShardRef(ref.run, ref.step, number) for number in range(ref.index)]
        # A shard's fingerprint depends on the shard before it, so checking the last one is enough.
        if before and not index.knows(ref.index - 1, sidecar_of(before[-1]).fingerprint):
            index.restore(before)
        yield index


def _index_path(ref: ShardRef) -> Path:
    return ref.folder / "index.sqlite"
