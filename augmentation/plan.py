"""The one plan of a translate-train run: which jobs there are, and when each may start.

Whoever carries the jobs out (threads of this process, Prefect's tasks) asks `Plan.next_job` for
work and tells `Plan.finish` what came of it. Shards flow through the steps independently of each
other, so that reading, projecting and filtering go on while other shards are translated.
"""

from __future__ import annotations

import ctypes
import json
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from augmentation import steps
from augmentation.config import Settings
from augmentation.segments import homes_of
from corpora.errors import UserError
from corpora.shards import ShardRef, is_done, read_sidecar
from corpora.storage import write_text

StepName = Literal["ingest", "segment", "translate", "project", "filter", "export", "report"]
READY_AHEAD = 2
"""Shards that are to lie ready for translating, so that the translator never waits."""
FURTHEST_AHEAD = 32
"""Shards read before they are translated, at most; further reading waits."""
_M_ARENA_MAX = -8
"""`mallopt`'s name for the number of heaps, from glibc's malloc.h."""


@dataclass(frozen=True, slots=True)
class Job:
    """One step for one shard; `ref` is the shard of rows (`10-ingest`) that it is about."""

    step: StepName
    ref: ShardRef
    target: str | None = None

    @property
    def name(self) -> str:
        """What people see: `translate de part-00003`."""
        words: list[str] = [self.step]
        if self.target is not None:
            words.append(self.target)
        if self.step not in ("export", "report"):
            words.append(f"part-{self.ref.index:05d}")
        return " ".join(words)


def bound_heaps() -> None:
    """Keep glibc to two heaps instead of eight a core: what the threads of many shards leave in
    theirs would add up to the memory of another run."""
    _tell_glibc("mallopt", _M_ARENA_MAX, 2)


def trim_heaps() -> None:
    """Give the memory of a shard that is done back to the system, where glibc would keep it.

    Projection is what leaves much; translating would only ask for it again."""
    _tell_glibc("malloc_trim", 0)


def _tell_glibc(function: str, *values: int) -> None:
    """Call a function of glibc's allocator; where there is no glibc nothing is done."""
    try:
        getattr(ctypes.CDLL(None), function)(*values)
    except (OSError, AttributeError, TypeError):
        return


def perform(job: Job, settings: Settings) -> ShardRef | None:
    """Carry out `job`; None says that the input has ended (ingest) or there is no shard."""
    if job.step == "ingest":
        return steps.ingest(job.ref, settings)
    if job.step == "segment":
        return steps.segment(job.ref, settings)
    if job.step == "report":
        from augmentation.report import write_report

        write_report(settings)
        return None
    if job.target is None:
        raise ValueError(f"{job.step} needs a target language")
    if job.step == "export":
        from augmentation.export import export_run

        export_run(settings, job.target)
        return None
    by_step = {
        "translate": lambda: steps.translate(job.ref.next(steps.SEGMENT), settings, job.target),
        "project": lambda: steps.project(job.ref, settings, job.target),
        "filter": lambda: steps.filter_rows(
            job.ref.next(steps.project_step(job.target)), settings, job.target
        ),
    }
    made = by_step[job.step]()
    if job.step == "project":
        trim_heaps()
    return made


@dataclass(slots=True)
class Target:
    """How far the shards have come on their way to one language."""

    name: str
    to_translate: list[int]
    translated: set[int]
    to_project: list[int]
    to_filter: list[int]
    filtered: int = 0
    exported: bool = False
    exporting: bool = False


class Plan:
    """The jobs of a run and their order."""

    def __init__(self, settings: Settings) -> None:
        bound_heaps()
        self.settings = settings
        self._targets = {t: Target(t, [], set(), [], []) for t in settings.config.targets}
        self._homes: dict[int, list[int]] = {}
        self._read = 0
        """Shards read; `_end` is how many there are, once that is known."""
        self._segmented = 0
        self._reading = self._segmenting = False
        self._translating = 0
        self._others = 0
        self._reported = self._reporting = False
        self._end = _shards_read_before(settings)
        if self._end is None:
            # A run has come to its end when it has a report: this one has yet to.
            steps.report_path(settings.run).unlink(missing_ok=True)
        else:
            self._read = self._end

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self._reported

    @property
    def shards(self) -> int | None:
        """How many shards of rows there are; None while that is not known."""
        return self._end

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
        """Jobs beside translations at a time; when all is translated they get its threads, too."""
        runtime = self.settings.config.runtime
        to_come = self._end is None or self._segmented < self._end
        if to_come or any(target.to_translate for target in self._targets.values()):
            return runtime.workers
        return runtime.workers + runtime.translating - self._translating

    def _ref(self, index: int) -> ShardRef:
        return ShardRef(self.settings.run, steps.INGEST, index)

    def _next_translation(self) -> Job | None:
        if self._translating >= self.settings.config.runtime.translating:
            return None
        waiting = [t for t in self._targets.values() if t.to_translate]
        if not waiting:
            return None
        target = min(waiting, key=lambda t: t.to_translate[0])
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
                if target.translated.issuperset(self._homes[index]):
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
        """Take note that `job` is done, and of what came of it."""
        if job.step == "translate":
            self._translating -= 1
        else:
            self._others -= 1
        if job.step == "ingest":
            self._reading = False
            if result is None:
                self._end = job.ref.index
                _note_all_read(self.settings, self._end)
            else:
                self._read += 1
        elif job.step == "segment":
            self._finish_segment(job.ref.index)
        elif job.step == "report":
            self._reported = True
        else:
            self._finish_for_target(job, self._targets[str(job.target)])

    def _finish_segment(self, index: int) -> None:
        self._segmenting = False
        self._segmented += 1
        self._homes[index] = homes_of(self._ref(index).next(steps.SEGMENT))
        for target in self._targets.values():
            target.to_translate.append(index)
            target.to_project.append(index)

    def _finish_for_target(self, job: Job, target: Target) -> None:
        if job.step == "translate":
            target.translated.add(job.ref.index)
        elif job.step == "project":
            target.to_filter.append(job.ref.index)
        elif job.step == "filter":
            target.filtered += 1
        elif job.step == "export":
            target.exported = True


def _all_read_file(settings: Settings) -> Path:
    return settings.run / steps.INGEST / "all.json"


def _all_read_fingerprint(settings: Settings) -> str:
    return steps.ingest_fingerprint(ShardRef(settings.run, steps.INGEST, 0), settings)


def _note_all_read(settings: Settings, shards: int) -> None:
    """Write down that the input was read to its end, and clear away what lies beyond."""
    steps.forget_surplus(settings, shards)
    facts = {"fingerprint": _all_read_fingerprint(settings), "shards": shards}
    write_text(_all_read_file(settings), json.dumps(facts, indent=1) + "\n")


def _shards_read_before(settings: Settings) -> int | None:
    """How many shards an earlier run read, if it came to the end and they are all still there."""
    try:
        facts: dict[str, Any] = json.loads(_all_read_file(settings).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if facts.get("fingerprint") != _all_read_fingerprint(settings):
        return None
    for index in range(facts["shards"]):
        ref = ShardRef(settings.run, steps.INGEST, index)
        if not is_done(ref, steps.ingest_fingerprint(ref, settings)):
            return None
    return int(facts["shards"])


class Running(Protocol):
    """A job under way: what `concurrent.futures` and Prefect both offer."""

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call `fn` when the job is done."""
        ...

    def result(self) -> ShardRef | None:
        """What came of it, or the exception that ended it."""
        ...


Submit = Callable[[Job, Settings], Running]
Notice = Callable[[Job, Plan], None]
"""Told of every job that is done."""


class Conductor:
    """Has the jobs of `plan` done, and tells the plan what came of them."""

    def __init__(self, plan: Plan, notice: Notice, tick: Callable[[], None]) -> None:
        """`notice` is told of every job that is done; `tick` is called every half second or so."""
        self.ahead: dict[Job, Running] = {}
        """What `go_ahead` began, done or still under way."""
        self._plan = plan
        self._notice = notice
        self._tick = tick
        self._done: queue.SimpleQueue[tuple[Job, Running]] = queue.SimpleQueue()
        self._running: dict[Job, Running] = {}
        self._again: list[Job] = []
        self._failure: BaseException | None = None

    def go_ahead(self, submit: Submit, until: threading.Event) -> None:
        """Have jobs done by `submit` until `until` is set or nothing is left; then `hand_over`.

        The user's mistakes are raised. A job that failed otherwise is left to `go_on`.
        """
        while self._unfinished() and not until.is_set():
            while self._failure is None and (job := self._plan.next_job()) is not None:
                self.ahead[job] = self._start(job, submit)
            self._take(0.1, self._put_off)
        if self._failure is not None and not until.is_set():
            raise self._failure

    def hand_over(self, submit: Submit) -> list[Running]:
        """Give all of `ahead` to `submit`, which is to wait for what is under way instead of doing
        it twice, and may try again what fails; gives what `submit` gave."""
        given = []
        for job in list(self.ahead):
            is_under_way = job in self._running
            given.append(self._start(job, submit) if is_under_way else submit(job, self._settings))
        return given

    def go_on(self, submit: Submit) -> None:
        """Have all that is left done by `submit`; the first failure lets what is under way end and
        is raised."""
        while self._unfinished():
            while self._failure is None and (job := self._next()) is not None:
                self._start(job, submit)
            self._take(0.5, self._fail)
        if self._failure is not None:
            raise self._failure

    @property
    def _settings(self) -> Settings:
        return self._plan.settings

    def _unfinished(self) -> bool:
        return bool(self._running) or (self._failure is None and not self._plan.finished)

    def _next(self) -> Job | None:
        return self._again.pop() if self._again else self._plan.next_job()

    def _start(self, job: Job, submit: Submit) -> Running:
        running = self._running[job] = submit(job, self._settings)
        running.add_done_callback(partial(_put, self._done, job))
        return running

    def _take(self, seconds: float, fail: Callable[[Job, BaseException], None]) -> None:
        """Wait so long for a job to end, and take note of it."""
        try:
            job, running = self._done.get(timeout=seconds)
        except queue.Empty:
            self._tick()
            return
        if self._running.get(job) is not running:  # it was handed over while it ran
            return
        del self._running[job]
        try:
            result = running.result()
        except BaseException as error:
            fail(job, error)
            return
        self._plan.finish(job, result)
        self._notice(job, self._plan)
        self._tick()

    def _fail(self, job: Job, error: BaseException) -> None:
        self._failure = self._failure or error

    def _put_off(self, job: Job, error: BaseException) -> None:
        if isinstance(error, UserError):
            self._fail(job, error)
        else:
            del self.ahead[job]
            self._again.append(job)


def _put(done: queue.SimpleQueue[tuple[Job, Any]], job: Job, ended: Any) -> None:
    done.put((job, ended))


class InProcess(AbstractContextManager["InProcess"]):
    """Carries jobs out in threads of this process."""

    def __init__(self, settings: Settings) -> None:
        runtime = settings.config.runtime
        self._pool = ThreadPoolExecutor(runtime.translating + runtime.workers, "labelferry")

    def __enter__(self) -> Self:
        return self

    def submit(self, job: Job, settings: Settings) -> Future[ShardRef | None]:
        """Start `job`."""
        return self._pool.submit(perform, job, settings)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def rows_of(job: Job) -> int:
    """How many rows the shard has that a job is about, as they were read."""
    sidecar = read_sidecar(job.ref)
    return 0 if sidecar is None else sidecar.rows_out
