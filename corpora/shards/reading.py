"""Reading the record batches of a shard, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from corpora.errors import UserError
from corpora.shards.ref import ShardRef


def read_batches(ref: ShardRef) -> Iterator[pa.RecordBatch]:
    """The record batches of the rows that the shard `ref` kept, memory-mapped."""
    yield from _read(ref.path)


def read_dropped(ref: ShardRef) -> Iterator[pa.RecordBatch]:
    """The record batches of the rows that the shard `ref` dropped; none where nothing was."""
    if ref.dropped_path.is_file():
        yield from _read(ref.dropped_path)


def _read(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)
    except FileNotFoundError as error:
        raise UserError("no such shard", file=path) from error
    except pa.ArrowInvalid as error:
        raise UserError(f"not a whole Arrow file ({error})", file=path) from error
