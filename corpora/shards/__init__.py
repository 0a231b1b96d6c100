"""Shards: the files that steps pass to each other, each complete, with checksums and row counts.

A shard is an Arrow file, the rows it dropped, and a sidecar that is written last. A shard is done
when its sidecar has the expected fingerprint, the files still have the checksums it gives, and the
sidecar its own.
The payload may have any schema; `ROW_SCHEMA` is only the default.
"""

from corpora.shards.reading import read_batches, read_dropped
from corpora.shards.ref import ShardRef, list_shards
from corpora.shards.sidecar import Sidecar, is_done, is_intact, read_sidecar, sidecar_of
from corpora.shards.writer import ShardWriter

__all__ = [
    "ShardRef",
    "ShardWriter",
    "Sidecar",
    "is_done",
    "is_intact",
    "list_shards",
    "read_batches",
    "read_dropped",
    "read_sidecar",
    "sidecar_of",
]
