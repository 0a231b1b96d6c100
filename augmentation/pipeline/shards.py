"""Shards as pipelines use them: whole, with their facts, and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from corpora.batches import batch_to_rows
from corpora.records import Row
from corpora.schema import ROW_SCHEMA
from corpora.shards import ShardRef, read_batches, read_sidecar, sidecar_of


def checksum(ref: ShardRef) -> str:
    """The checksum on record of the shard `ref`, which is done."""
    return sidecar_of(ref).checksum


def rows_dropped(ref: ShardRef) -> int:
    """How many rows the shard `ref`, which is done, left out."""
    return sidecar_of(ref).rows_dropped


def read_whole(ref: ShardRef, schema: pa.Schema = ROW_SCHEMA) -> pa.RecordBatch:
    """The shard `ref`, whose rows have `schema`, as one batch."""
    batches = pa.Table.from_batches(read_batches(ref), schema).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema)


def read_rows(ref: ShardRef) -> list[Row]:
    """The rows of the shard `ref`."""
    return [row for batch in read_batches(ref) for row in batch_to_rows(batch)]


def read_facts(ref: ShardRef) -> Mapping[str, Any]:
    """The recorded facts of the shard `ref`; empty where it is not done."""
    sidecar = read_sidecar(ref)
    return {} if sidecar is None else sidecar.facts


def remove_shard(ref: ShardRef) -> None:
    """Delete the shard `ref` with the files beside it, its sidecar first."""
    for path in (ref.sidecar_path, ref.path, ref.dropped_path):
        path.unlink(missing_ok=True)
