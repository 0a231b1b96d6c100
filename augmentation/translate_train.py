"""A translate-train run from beginning to end, whoever carries the jobs out."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from augmentation import steps
from augmentation.config import Settings, TranslateTrainConfig, counting, manifest, resolve_settings
from augmentation.export import export_folder
from augmentation.plan import Conductor, InProcess, Job, Plan, Running, Submit, rows_of
from augmentation.summary import RunSummary, summarize
from corpora.manifest import check_run, open_run
from corpora.shards import ShardRef, list_shards


@dataclass(frozen=True, slots=True)
class RunResult:
    """A run that is done."""

    run: Path
    summary: RunSummary
    seconds: float
    """Wall time from its beginning to its last job; of a run that was cut off, since it went on."""
    rows: int
    """Rows filtered in this call, over all target languages."""
    shards: int
    """Shards filtered in this call; 0 where all was done before."""

    @property
    def report(self) -> Path:
        """The report."""
        return steps.report_path(self.run)

    def exports(self) -> list[Path]:
        """The export folders, one a target language."""
        return [export_folder(self.run, target.target) for target in self.summary.targets]


class Watcher:
    """Is told how a run goes; this one does nothing."""

    def began(self, settings: Settings) -> None:
        """The run begins."""

    def advanced(self, job: Job, plan: Plan) -> None:
        """A job is done."""

    def tick(self) -> None:
        """Time passes."""

    def ended(self) -> None:
        """The run ends, well or not."""


class Run:
    """A run under way, in its folder; made by `begun`."""

    def __init__(self, settings: Settings, watcher: Watcher, pool: InProcess) -> None:
        self.settings = settings
        self._began = self._latest = time.monotonic()
        self._pool = pool
        self._watchers = [watcher]
        self._finished: list[Job] = []
        self._counter = _Counter(settings)
        self._plan = Plan(settings)
        self._conductor = Conductor(self._plan, self._advanced, self._tick)

    @property
    def ahead(self) -> dict[Job, Running]:
        """The jobs that `go_ahead` began, done or under way."""
        return self._conductor.ahead

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher`, too, how the run goes, what is done already included."""
        watcher.began(self.settings)
        for job in self._finished:
            watcher.advanced(job, self._plan)
        self._watchers.append(watcher)

    def go_ahead(self, until: threading.Event) -> None:
        """See `Conductor.go_ahead`; in threads of this process."""
        self._conductor.go_ahead(self._pool.submit, until)

    def hand_over(self, submit: Submit) -> list[Running]:
        """See `Conductor.hand_over`."""
        return self._conductor.hand_over(submit)

    def go_on(self, submit: Submit | None = None) -> RunResult:
        """Do all that is left; None does it in threads of this process."""
        self._conductor.go_on(submit or self._pool.submit)
        seconds = self._latest - self._began
        summary = summarize(self.settings)
        counter = self._counter
        return RunResult(self.settings.run, summary, seconds, counter.rows, counter.shards)

    def _advanced(self, job: Job, plan: Plan) -> None:
        self._finished.append(job)
        self._latest = time.monotonic()
        self._counter.advanced(job)
        for watcher in self._watchers:
            watcher.advanced(job, plan)

    def _tick(self) -> None:
        for watcher in self._watchers:
            watcher.tick()

    def ended(self) -> None:
        """Tell all who watch."""
        for watcher in self._watchers:
            watcher.ended()


@contextmanager
def begun(settings: Settings, watcher: Watcher | None = None) -> Iterator[Run]:
    """The run of `settings`, its folder held; threads of it end with the context.

    Raises `UserError` for all that the user can mend.
    """
    check(settings)
    watcher = watcher or Watcher()
    with _run_folder(settings), InProcess(settings) as pool:
        run = Run(settings, watcher, pool)
        watcher.began(settings)
        try:
            yield run
        finally:
            run.ended()


def translate_train(config: TranslateTrainConfig, watcher: Watcher | None = None) -> RunResult:
    """Carry out the run that `config` asks for, or what of it is not done yet, in threads of this
    process. Raises `UserError` for all that the user can mend."""
    with begun(resolve_settings(config), watcher) as run:
        return run.go_on()


def check(settings: Settings) -> None:
    """Raise `UserError` if the translator cannot translate to one of the targets, the projector
    cannot be made, or the run folder is of another configuration. Loads the translator."""
    check_run(settings.run, manifest(settings), counting)
    translator = steps.translator_of(settings)
    for target in settings.config.targets:
        for options in (settings.options(), steps.options_for_alternatives(settings)):
            translator.translate([], settings.config.source, target, options)
    steps.open_projector(settings)


class _Counter:
    """Counts the rows and shards that came out of the last step since it was made."""

    def __init__(self, settings: Settings) -> None:
        self.rows = self.shards = 0
        self._before = {
            ref: _stamp(ref)
            for target in settings.config.targets
            for ref in list_shards(settings.run, steps.filter_step(target))
        }

    def advanced(self, job: Job) -> None:
        if job.step == "filter" and job.target is not None:
            made = job.ref.next(steps.filter_step(job.target))
            if _stamp(made) != self._before.get(made):
                self.rows += rows_of(job)
                self.shards += 1


def _stamp(ref: ShardRef) -> tuple[int, int]:
    """Tells the sidecar of a shard from one written later in its place."""
    status = ref.sidecar_path.stat()
    return status.st_ino, status.st_mtime_ns


@contextmanager
def _run_folder(settings: Settings) -> Iterator[None]:
    """The run's folder; a run that fails before it has read anything leaves none behind."""
    fresh = not settings.run.exists() or not any(settings.run.iterdir())
    with open_run(settings.run, manifest(settings), counting):
        try:
            yield
        except BaseException:
            if fresh and not list_shards(settings.run, steps.INGEST):
                shutil.rmtree(settings.run, ignore_errors=True)
            raise
