"""Writes a shard, completely or not at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from corpora.batches import dropped_to_batch, rows_to_batch
from corpora.fingerprint import file_hash
from corpora.records import DroppedRow, Row
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA
from corpora.shards.ref import ShardRef
from corpora.shards.sidecar import Sidecar, write_sidecar
from corpora.storage import make_folder, make_new_file, put_in_place, temporary_name, writing


class ShardWriter:
    """Writes the shard `ref`, which exists only once this context is left without an error.

    `fingerprint` goes into the sidecar; `schema` and `dropped_schema` are those of the batches
    that `write` takes. Leaving raises `RuntimeError` when `rows_in` was counted and differs from
    rows out plus rows dropped: that is a bug, never the user's mistake. No space or no permission
    is a `UserError` that names the path.
    """

    def __init__(
        self,
        ref: ShardRef,
        fingerprint: str,
        *,
        schema: pa.Schema = ROW_SCHEMA,
        dropped_schema: pa.Schema = DROPPED_SCHEMA,
        compression: str | None = None,
    ) -> None:
        """`compression` is that of Arrow IPC bodies: None, `lz4` or `zstd`."""
        self.ref = ref
        self.fingerprint = fingerprint
        self.rows_out = 0
        self.rows_dropped = 0
        self.rows_in: int | None = None
        self.drop_reasons: dict[str, int] = {}
        self.facts: dict[str, Any] = {}
        """What else the sidecar is to record, as JSON has it."""
        self._options = pa.ipc.IpcWriteOptions(compression=compression)
        self._kept = _Part(ref.path, schema, self._options)
        self._dropped = _Part(ref.dropped_path, dropped_schema, self._options)
        self._started = 0.0

    def __enter__(self) -> Self:
        self._started = time.perf_counter()
        make_folder(self.ref.folder)
        # A sidecar must not describe files that are being replaced.
        with writing(self.ref.sidecar_path):
            self.ref.sidecar_path.unlink(missing_ok=True)
        self._kept.open()
        return self

    def write(
        self,
        batch: pa.RecordBatch | pa.Table | None,
        dropped: pa.RecordBatch | pa.Table | None = None,
        *,
        rows_in: int | None = None,
    ) -> None:
        """Add the rows of `batch` and `dropped`; `rows_in` is how many rows they come from.

        Count `rows_in` in every call or in none. Dropped tables have a column `drop_reason`.
        """
        if batch is not None:
            self._kept.write(batch)
            self.rows_out += batch.num_rows
        if dropped is not None and dropped.num_rows:
            self._dropped.write(dropped)
            self.rows_dropped += dropped.num_rows
            for reason in dropped.column("drop_reason").to_pylist():
                self.drop_reasons[reason] = self.drop_reasons.get(reason, 0) + 1
        if rows_in is not None:
            self.rows_in = (self.rows_in or 0) + rows_in

    def write_rows(
        self,
        rows: Sequence[Row],
        dropped: Sequence[DroppedRow] = (),
        *,
        rows_in: int | None = None,
    ) -> None:
        """`write` for rows; the schemas must be the default ones."""
        self.write(
            rows_to_batch(rows) if rows else None,
            dropped_to_batch(dropped) if dropped else None,
            rows_in=rows_in,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._check_balance()
                self._finish()
        finally:
            # A finished file has its final name, which this does not touch.
            self._kept.discard()
            self._dropped.discard()

    def _check_balance(self) -> None:
        total = self.rows_out + self.rows_dropped
        if self.rows_in is not None and self.rows_in != total:
            raise RuntimeError(
                f"{self.ref.path}: {self.rows_in} rows in, but {self.rows_out} out and "
                f"{self.rows_dropped} dropped"
            )

    def _finish(self) -> None:
        kept = self._kept.finish()
        if kept is None:
            raise RuntimeError(f"{self.ref.path} was never opened")
        sidecar = Sidecar(
            fingerprint=self.fingerprint,
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            rows_dropped=self.rows_dropped,
            checksum=kept,
            dropped_checksum=self._dropped.finish(),
            seconds=round(time.perf_counter() - self._started, 3),
            drop_reasons=dict(sorted(self.drop_reasons.items())),
            facts=self.facts,
        )
        write_sidecar(self.ref, sidecar)


class _Part:
    """One Arrow file under its temporary name, opened at the first write."""

    def __init__(self, path: Path, schema: pa.Schema, options: Any) -> None:
        self._path = path
        self._schema = schema
        self._options = options
        self._temporary = temporary_name(path)
        self._writer: Any = None

    def open(self) -> None:
        make_folder(self._path.parent)
        with writing(self._path):
            make_new_file(self._temporary)
            self._writer = pa.ipc.new_file(
                str(self._temporary), self._schema, options=self._options
            )

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        if self._writer is None:
            self.open()
        with writing(self._path):
            self._writer.write(batch)

    def finish(self) -> str | None:
        """Give the file its final name and return its checksum; None if nothing was written."""
        with writing(self._path):
            if self._writer is None:
                self._path.unlink(missing_ok=True)
                return None
            self._writer.close()
            self._writer = None
            checksum = file_hash(self._temporary)
            put_in_place(self._temporary, self._path)
        return checksum

    def discard(self) -> None:
        # With a full disk the close fails as well; the first failure is the one to report.
        with suppress(OSError):
            if self._writer is not None:
                self._writer.close()
        with suppress(OSError):
            self._temporary.unlink(missing_ok=True)
