"""Finished runs, opened again to be inspected or exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from augmentation.translate_train.config import TranslateTrainConfig, validated
from augmentation.translate_train.layout import (
    dropping_steps,
    filter_step,
    report_path,
    whole_input_of,
)
from corpora.batches import batch_to_rows
from corpora.errors import UserError
from corpora.manifest import read_run
from corpora.records import Row
from corpora.shards import ShardRef, is_intact, read_batches

REPAIR = "run the command of this run again, which makes anew what is lost"


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run folder and the configuration that made it."""

    folder: Path
    config: TranslateTrainConfig

    def target(self, wanted: str | None) -> str:
        """The target language `wanted`, or the only one; raises `UserError` otherwise."""
        targets = self.config.targets
        if wanted is None and len(targets) == 1:
            return targets[0]
        if wanted is None:
            raise UserError("say which language with --target", file=self.folder, choices=targets)
        if wanted not in targets:
            raise UserError(f"this run has no {wanted!r}", file=self.folder, choices=targets)
        return wanted

    def shards(self, target: str) -> list[ShardRef]:
        """The shards of the last step to `target`, all there and as they were written.

        Raises `UserError` for a shard that is missing or damaged.
        """
        return _intact(self.folder, filter_step(target))

    def dropping_shards(self, target: str) -> list[ShardRef]:
        """All shards that dropped rows on the way to `target`; raises as `shards` does."""
        refs = (ref for step in dropping_steps(target) for ref in _intact(self.folder, step))
        return [ref for ref in refs if ref.dropped_path.is_file()]


def _intact(run: Path, step: str) -> list[ShardRef]:
    count = whole_input_of(run).facts().get("shards")
    if not isinstance(count, int):
        raise UserError(f"the record {whole_input_of(run).record.name} is lost; {REPAIR}", file=run)
    refs = [ShardRef(run, step, index) for index in range(count)]
    for ref in refs:
        if not is_intact(ref):
            raise UserError(f"this shard is missing or damaged; {REPAIR}", file=ref.path)
    return refs


def open_finished(folder: Path) -> FinishedRun:
    """The run in `folder`; raises `UserError` if it is none, or is not finished."""
    manifest = read_run(folder)
    config = validated(manifest.config, folder / "run.json")
    if not report_path(folder).is_file():
        raise UserError("this run is not finished: run its command again to continue", file=folder)
    return FinishedRun(folder, config)


def final_batches(run: Path, target: str) -> Iterator[pa.RecordBatch]:
    """The rows in `target` of the last step of the run in the folder `run`, shard by shard.

    Raises `UserError` for a shard that is missing or damaged.
    """
    for ref in _intact(run, filter_step(target)):
        yield from read_batches(ref)


def final_rows(run: Path, target: str) -> Iterator[Row]:
    """The rows in `target` of the last step of the run in the folder `run`."""
    for batch in final_batches(run, target):
        yield from batch_to_rows(batch)
