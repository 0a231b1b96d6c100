"""The sidecar of a shard: the record that it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from corpora.checked_json import read_checked, write_checked
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
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What else is worth knowing of the shard, as JSON has it."""


def write_sidecar(ref: ShardRef, sidecar: Sidecar) -> None:
    """Write `sidecar`, with a checksum of its own, beside the shard `ref`."""
    values = {part.name: getattr(sidecar, part.name) for part in fields(sidecar)}
    write_checked(ref.sidecar_path, values)


def read_sidecar(ref: ShardRef) -> Sidecar | None:
    """The sidecar of the shard `ref`; None where there is none or it is corrupt."""
    values = read_checked(ref.sidecar_path)
    try:
        return None if values is None else Sidecar(**values)
    except TypeError:
        return None


def sidecar_of(ref: ShardRef) -> Sidecar:
    """The sidecar of the shard `ref`; raises `RuntimeError` if it is not done (a bug)."""
    sidecar = read_sidecar(ref)
    if sidecar is None:
        raise RuntimeError(f"{ref.path} is needed, but not done")
    return sidecar


def is_intact(ref: ShardRef) -> bool:
    """Whether the shard `ref` has a sidecar and its files have the checksums that it gives."""
    return _holds(ref, read_sidecar(ref))


def is_done(ref: ShardRef, fingerprint: str) -> bool:
    """Whether the shard `ref` was made under `fingerprint` and its checksums still hold."""
    sidecar = read_sidecar(ref)
    return sidecar is not None and sidecar.fingerprint == fingerprint and _holds(ref, sidecar)


def _holds(ref: ShardRef, sidecar: Sidecar | None) -> bool:
    if sidecar is None or not ref.path.is_file() or file_hash(ref.path) != sidecar.checksum:
        return False
    if sidecar.dropped_checksum is None:
        return True
    return ref.dropped_path.is_file() and file_hash(ref.dropped_path) == sidecar.dropped_checksum
