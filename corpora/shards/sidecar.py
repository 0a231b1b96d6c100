"""The sidecar of a shard: the record that it is done."""

from __future__ import annotations

import json
from dataclasses import dataclass

from corpora.fingerprint import file_hash
from corpora.shards.ref import ShardRef


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is on record of a shard that is done."""

    fingerprint: str
    rows_in: int | None
    """None where rows in and out are of different kinds and need not balance."""
    rows_out: int
    rows_dropped: int
    checksum: str
    dropped_checksum: str | None
    seconds: float
    drop_reasons: dict[str, int]


def read_sidecar(ref: ShardRef) -> Sidecar | None:
    """The sidecar of the shard `ref`; None where there is none or it is not valid."""
    try:
        return Sidecar(**json.loads(ref.sidecar_path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def sidecar_of(ref: ShardRef) -> Sidecar:
    """The sidecar of the shard `ref`; raises `RuntimeError` if it is not done (a bug)."""
    sidecar = read_sidecar(ref)
    if sidecar is None:
        raise RuntimeError(f"{ref.path} is needed, but not done")
    return sidecar


def is_done(ref: ShardRef, fingerprint: str) -> bool:
    """Whether the shard `ref` was made under `fingerprint` and its checksums still hold."""
    sidecar = read_sidecar(ref)
    if sidecar is None or sidecar.fingerprint != fingerprint:
        return False
    if not ref.path.is_file() or file_hash(ref.path) != sidecar.checksum:
        return False
    if sidecar.dropped_checksum is None:
        return True
    return ref.dropped_path.is_file() and file_hash(ref.dropped_path) == sidecar.dropped_checksum
