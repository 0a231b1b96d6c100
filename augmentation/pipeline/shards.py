"""Shards as pipelines use them: whole, with their facts, and removed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from augmentation.pipeline.artifacts import read_record
from corpora.batches import batch_to_rows
from corpora.records import Row
from corpora.schema import ROW_SCHEMA
from corpora.shards import ShardRef, read_batches, sidecar_of
from corpora.storage import write_text


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


def facts_path(ref: ShardRef) -> Path:
    """Where the facts of the shard `ref` are."""
    return ref.folder / f"part-{ref.index:05d}.facts.json"


def write_facts(ref: ShardRef, facts: dict[str, Any]) -> None:
    """Write `facts` about the shard `ref` beside its rows, before its sidecar is written."""
    text = json.dumps(facts, indent=1, sort_keys=True, ensure_ascii=False)
    write_text(facts_path(ref), text + "\n")


def read_facts(ref: ShardRef) -> dict[str, Any]:
    """The facts of the shard `ref`; empty where there are none."""
    return read_record(facts_path(ref))


def remove_shard(ref: ShardRef) -> None:
    """Delete the shard `ref` with the files beside it, its sidecar first."""
    for path in (ref.sidecar_path, ref.path, ref.dropped_path, facts_path(ref)):
        path.unlink(missing_ok=True)
