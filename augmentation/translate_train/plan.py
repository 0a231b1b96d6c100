"""The plan of a translate-train run: which jobs there are, and when each may start.

The `Conductor` takes jobs from `Plan.next_job` and passes results to `Plan.finish`, for threads
and for Prefect's tasks alike. Shards go through the steps independently of each other, so that
some are read, projected and filtered while others are translated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from augmentation.pipeline.heaps import bound_heaps
from augmentation.pipeline.listener import Progress
from augmentation.pipeline.shards import remove_shard
from augmentation.translate_train.jobs import Job
from augmentation.translate_train.layout import (
    INGEST,
    SEGMENT,
    all_steps,
    filter_step,
    report_path,
    whole_input_of,
)
from augmentation.translation.config import RuntimeConfig
from augmentation.translation.ingest import Input
from augmentation.translation.segments import needed_shards
from corpora.shards import ShardRef, is_done, list_shards, read_sidecar

READY_AHEAD = 2
"""Shards kept ready for translating, so that the translator never waits."""
FURTHEST_AHEAD = 32
"""Shards read before they are translated, at most; further reading waits."""


@dataclass(slots=True)
class _Target:
    """How far the shards have come on their way to one language."""

    name: str
    to_translate: list[int] = field(default_factory=list)
    translated: set[int] = field(default_factory=set)
    to_project: list[int] = field(default_factory=list)
    to_filter: list[int] = field(default_factory=list)
    filtered: int = 0
    exported: bool = False
    exporting: bool = False


class Plan:
    """The jobs of a run and their order."""

    def __init__(
        self, run: Path, source: Input, targets: Sequence[str], runtime: RuntimeConfig
    ) -> None:
        """The run in the folder `run` that reads `source` and translates to `targets`; `runtime`
        limits how many jobs run at a time."""
        bound_heaps()
        self._run = run
        self._source = source
        self._runtime = runtime
        self._targets = {target: _Target(target) for target in targets}
        self._needed: dict[int, list[int]] = {}
        """By shard of rows, the shards whose translations it needs."""
        self._read = 0
        """Shards read; `_end` is how many there are, once that is known."""
        self._segmented = 0
        self._reading = self._segmenting = False
        self._translating = 0
        self._others = 0
        self._reported = self._reporting = False
        self._counts = _Counts(run, targets)
        self._end = self._shards_read_before()
        # A report marks a finished run, so there is none while shards may be rewritten.
        report_path(run).unlink(missing_ok=True)
        if self._end is not None:
            self._read = self._end

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self._reported

    @property
    def new_rows(self) -> int:
        """Rows that were filtered since the plan was made, over all targets."""
        return self._counts.new_rows

    @property
    def new_shards(self) -> int:
        """Shards that were filtered since the plan was made."""
        return self._counts.new_shards

    def progress(self, job: Job, seconds: float) -> Progress:
        """How many rows are through, now that `job` has ended after `seconds`."""
        counts = self._counts
        whole = self._end is not None and self._segmented == self._end
        total = counts.rows_read * len(self._targets) if whole else None
        seen = counts.rows_read if total is None else total
        return Progress(
            *(job.name, seconds, "rows", counts.rows_done, seen, total, self.finished),
            before=counts.rows_done - counts.new_rows,
        )

    def next_job(self) -> Job | None:
        """A job that can start now, the most urgent one; None if all must wait."""
        job = self._next_translation()
        if job is not None:
            self._translating += 1
            return job
        if self._others >= self._workers():
            return None
        job = self._next_other()
        if job is not None:
            self._others += 1
        return job

    def _workers(self) -> int:
        """Most jobs beside translations; when all is translated, those threads are free too."""
        runtime = self._runtime
        to_come = self._end is None or self._segmented < self._end
        if to_come or any(target.to_translate for target in self._targets.values()):
            return runtime.workers
        return runtime.workers + runtime.translating - self._translating

    def _ref(self, index: int) -> ShardRef:
        return ShardRef(self._run, INGEST, index)

    def _next_translation(self) -> Job | None:
        if self._translating >= self._runtime.translating:
            return None
        waiting = [target for target in self._targets.values() if target.to_translate]
        if not waiting:
            return None
        target = min(waiting, key=lambda target: target.to_translate[0])
        return Job("translate", self._ref(target.to_translate.pop(0)), target.name)

    def _next_other(self) -> Job | None:
        ready = sum(len(target.to_translate) for target in self._targets.values())
        ahead = self._next_ahead(ready)
        if ahead is not None and ready < READY_AHEAD:
            return self._begin(ahead)
        for target in self._targets.values():
            if target.to_filter:
                return Job("filter", self._ref(target.to_filter.pop(0)), target.name)
        for target in self._targets.values():
            for index in target.to_project:
                if target.translated.issuperset(self._needed[index]):
                    target.to_project.remove(index)
                    return Job("project", self._ref(index), target.name)
        if ahead is not None:
            return self._begin(ahead)
        return self._next_ending()

    def _next_ahead(self, ready: int) -> Job | None:
        if self._segmented < self._read and not self._segmenting:
            return Job("segment", self._ref(self._segmented))
        if self._end is None and not self._reading and ready < FURTHEST_AHEAD:
            return Job("ingest", self._ref(self._read))
        return None

    def _begin(self, job: Job) -> Job:
        if job.step == "ingest":
            self._reading = True
        else:
            self._segmenting = True
        return job

    def _next_ending(self) -> Job | None:
        if self._end is None:
            return None
        for target in self._targets.values():
            if target.filtered == self._end and not target.exporting:
                target.exporting = True
                return Job("export", self._ref(0), target.name)
        if all(t.exported for t in self._targets.values()) and not self._reporting:
            self._reporting = True
            return Job("report", self._ref(0))
        return None

    def finish(self, job: Job, result: ShardRef | None) -> None:
        """Note that `job` is done and returned `result`."""
        if job.step == "translate":
            self._translating -= 1
        else:
            self._others -= 1
        if job.step == "ingest":
            self._reading = False
            if result is None:
                self._end = job.ref.index
                self._note_whole_input(self._end)
            else:
                self._read += 1
        elif job.step == "segment":
            self._finish_segment(job.ref)
        elif job.step == "report":
            self._reported = True
        else:
            self._finish_for_target(job, self._targets[str(job.target)])

    def _finish_segment(self, ref: ShardRef) -> None:
        self._segmenting = False
        self._segmented += 1
        self._needed[ref.index] = needed_shards(ref.next(SEGMENT))
        self._counts.rows_read += _rows_of(ref)
        for target in self._targets.values():
            target.to_translate.append(ref.index)
            target.to_project.append(ref.index)

    def _finish_for_target(self, job: Job, target: _Target) -> None:
        if job.step == "translate":
            target.translated.add(job.ref.index)
        elif job.step == "project":
            target.to_filter.append(job.ref.index)
        elif job.step == "filter":
            target.filtered += 1
            self._counts.filtered(job.ref, target.name)
        elif job.step == "export":
            target.exported = True

    def _note_whole_input(self, shards: int) -> None:
        """Record that the input was read to its end, and remove shards beyond it, left from a run
        with a longer input."""
        for step in all_steps(list(self._targets)):
            for ref in list_shards(self._run, step):
                if ref.index >= shards:
                    remove_shard(ref)
        whole_input_of(self._run).note_done(self._source.fingerprint_of(0), shards=shards)

    def _shards_read_before(self) -> int | None:
        """How many shards an earlier run read, if it read the whole input and all still exist."""
        whole_input = whole_input_of(self._run)
        if not whole_input.is_done(self._source.fingerprint_of(0)):
            return None
        shards: int = whole_input.facts()["shards"]
        for index in range(shards):
            if not is_done(self._ref(index), self._source.fingerprint_of(index)):
                return None
        return shards


class _Counts:
    """Rows read and done in a run, and how many rows and shards are new in this call."""

    def __init__(self, run: Path, targets: Sequence[str]) -> None:
        self.rows_read = self.rows_done = 0
        self.new_rows = self.new_shards = 0
        self._before = {
            ref: _stamp(ref) for target in targets for ref in list_shards(run, filter_step(target))
        }

    def filtered(self, ref: ShardRef, target: str) -> None:
        """Count the shard of rows `ref`, which has passed its last step for `target`."""
        rows = _rows_of(ref)
        self.rows_done += rows
        made = ref.next(filter_step(target))
        if _stamp(made) != self._before.get(made):
            self.new_rows += rows
            self.new_shards += 1


def _rows_of(ref: ShardRef) -> int:
    """How many rows the shard `ref` has, as they were read."""
    sidecar = read_sidecar(ref)
    return 0 if sidecar is None else sidecar.rows_out


def _stamp(ref: ShardRef) -> tuple[int, int]:
    """Identity of the sidecar of a shard; differs once the sidecar is written again."""
    status = ref.sidecar_path.stat()
    return status.st_ino, status.st_mtime_ns
