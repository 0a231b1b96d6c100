"""The jobs of a translate-test run: read all, answer shard by shard, write the predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from augmentation.pipeline.listener import Progress
from augmentation.pipeline.shards import remove_shard
from augmentation.translate_test.answers import (
    ANSWER,
    PREDICTIONS_FILE,
    READ,
    answer,
    write_predictions,
)
from augmentation.translate_test.setup import TranslateTestSetup
from augmentation.translation.ingest import ingest
from corpora.shards import ShardRef, list_shards, sidecar_of

StepName = Literal["ingest", "answer", "write"]


@dataclass(frozen=True, slots=True)
class Job:
    """One step for one shard; `ref` is the shard of rows that it works for."""

    step: StepName
    ref: ShardRef

    @property
    def name(self) -> str:
        """The name that people see: `answer part-3`."""
        return self.step if self.step == "write" else f"{self.step} part-{self.ref.index}"


def perform(job: Job, setup: TranslateTestSetup) -> ShardRef | None:
    """Perform `job` of the run of `setup`; None where the input has ended (ingest)."""
    if job.step == "ingest":
        return ingest(job.ref, setup.input)
    if job.step == "answer":
        return answer(job.ref, setup)
    answered = [ref.next(ANSWER) for ref in list_shards(setup.run, READ)]
    write_predictions(answered, setup.run / PREDICTIONS_FILE)
    return None


class Plan:
    """One job after the other; bad input ends the run before anything is translated."""

    def __init__(self, run: Path) -> None:
        """The run in the folder `run`."""
        self._run = run
        self._busy = False
        self._shards: list[ShardRef] = []
        self._rows = self._rows_answered = 0
        self._answered = 0
        self._all_read = self._written = False

    @property
    def finished(self) -> bool:
        """Whether the predictions are written."""
        return self._written

    def next_job(self) -> Job | None:
        """The next job, once the one before it is done."""
        if self._busy or self._written:
            return None
        self._busy = True
        if not self._all_read:
            return Job("ingest", ShardRef(self._run, READ, len(self._shards)))
        if self._answered < len(self._shards):
            return Job("answer", self._shards[self._answered])
        return Job("write", ShardRef(self._run, READ, 0))

    def finish(self, job: Job, result: ShardRef | None) -> None:
        """Note that `job` is done and returned `result`."""
        self._busy = False
        if job.step == "write":
            self._written = True
        elif job.step == "answer":
            self._answered += 1
            self._rows_answered += sidecar_of(job.ref).rows_out
        elif result is not None:
            self._shards.append(result)
            self._rows += sidecar_of(result).rows_out
        else:
            self._all_read = True
            for ref in list_shards(self._run, READ)[len(self._shards) :]:  # of a longer input
                remove_shard(ref)

    def progress(self, job: Job, seconds: float) -> Progress:
        """How many rows are answered, now that `job` has ended after `seconds`."""
        total = self._rows if self._all_read else None
        return Progress(
            job.name, seconds, "rows", self._rows_answered, self._rows, total, self._written
        )
