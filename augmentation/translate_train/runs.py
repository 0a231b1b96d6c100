"""Finished runs, opened again to be inspected or exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from augmentation.translate_train.config import TranslateTrainConfig, validated
from augmentation.translate_train.layout import dropping_steps, filter_step, report_path
from corpora.batches import batch_to_rows
from corpora.errors import UserError
from corpora.manifest import read_run
from corpora.records import Row
from corpora.shards import ShardRef, list_shards, read_batches


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
        """The shards of the last step to `target`."""
        return list_shards(self.folder, filter_step(target))

    def dropping_shards(self, target: str) -> list[ShardRef]:
        """All shards that dropped rows on the way to `target`."""
        refs = (ref for step in dropping_steps(target) for ref in list_shards(self.folder, step))
        return [ref for ref in refs if ref.dropped_path.is_file()]


def open_finished(folder: Path) -> FinishedRun:
    """The run in `folder`; raises `UserError` if it is none, or is not finished."""
    manifest = read_run(folder)
    config = validated(manifest.config, folder / "run.json")
    run = FinishedRun(folder, config)
    for target in config.targets:
        if not run.shards(target) or not report_path(folder).is_file():
            raise UserError(
                "this run is not finished: run its command again to continue", file=folder
            )
    return run


def final_batches(run: Path, target: str) -> Iterator[pa.RecordBatch]:
    """The rows in `target` of the last step of the run in the folder `run`, shard by shard."""
    for ref in list_shards(run, filter_step(target)):
        yield from read_batches(ref)


def final_rows(run: Path, target: str) -> Iterator[Row]:
    """The rows in `target` of the last step of the run in the folder `run`."""
    for batch in final_batches(run, target):
        yield from batch_to_rows(batch)
