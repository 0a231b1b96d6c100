"""Runs the jobs of a plan: in threads, in Prefect's tasks, or one after the other."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from augmentation.pipeline.listener import Listener, Listeners, Progress
from corpora.errors import UserError


class Job(Protocol):
    """One thing to do; hashable."""

    @property
    def name(self) -> str:
        """The name that people see."""
        ...


JobT = TypeVar("JobT", bound=Job)
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
Result_contra = TypeVar("Result_contra", contravariant=True)


class Running(Protocol[Result_co]):
    """A job in progress: what `concurrent.futures` and Prefect both offer."""

    def add_done_callback(self, fn: Callable[[Any], None]) -> None:
        """Call `fn` when the job is done."""
        ...

    def result(self) -> Result_co:
        """The job's result; raises the error that ended it."""
        ...


class Plan(Protocol[JobT, Result_contra]):
    """Which jobs a run has, and when each may start."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        ...

    def next_job(self) -> JobT | None:
        """A job that can start now, the most urgent first; None if all must wait."""
        ...

    def finish(self, job: JobT, result: Result_contra) -> None:
        """Note that `job` is done and returned `result`."""
        ...

    def progress(self, job: JobT, seconds: float) -> Progress:
        """How far the run has come, now that `job` has ended after `seconds`."""
        ...


Submit = Callable[[JobT], Running[Result]]
"""Starts a job."""


class InOrder(Generic[JobT]):
    """The plan of jobs that are performed one after the other."""

    def __init__(self, jobs: Sequence[JobT]) -> None:
        """`jobs` are all there are, in their order."""
        self._jobs = list(jobs)
        self._started = self._done = 0

    @property
    def finished(self) -> bool:
        """Whether the last job is done."""
        return self._done == len(self._jobs)

    def next_job(self) -> JobT | None:
        """The next job, once the one before it is done."""
        if self._started > self._done or self._started == len(self._jobs):
            return None
        self._started += 1
        return self._jobs[self._started - 1]

    def finish(self, job: JobT, result: object) -> None:
        """Count `job` as done; its `result` is not used."""
        self._done += 1

    def progress(self, job: JobT, seconds: float) -> Progress:
        """How many jobs are done, now that `job` has ended after `seconds`."""
        total = len(self._jobs)
        return Progress(job.name, seconds, "jobs", self._done, total, total, self.finished)


class Conductor(Generic[JobT, Result]):
    """Starts the jobs of a plan, passes their results to the plan and progress to listeners."""

    def __init__(
        self, plan: Plan[JobT, Result], submit: Submit[JobT, Result], listener: Listener
    ) -> None:
        """`submit` starts a job of `plan`; `listener` is told of every job that is done."""
        self.started: dict[JobT, Running[Result]] = {}
        """The jobs that `run_until` started, done or still running."""
        self._plan = plan
        self._submit = submit
        self._listeners = Listeners(listener)
        self._done: queue.SimpleQueue[tuple[JobT, Running[Result]]] = queue.SimpleQueue()
        self._running: dict[JobT, Running[Result]] = {}
        self._started_at: dict[JobT, float] = {}
        self._again: list[JobT] = []
        self._failure: BaseException | None = None
        self._began = self._latest = time.monotonic()

    @property
    def seconds(self) -> float:
        """From the beginning to the last job that has ended."""
        return self._latest - self._began

    @property
    def listeners(self) -> Listeners:
        """The listeners of the run."""
        return self._listeners

    def run_until(self, until: threading.Event) -> None:
        """Run jobs until `until` is set or nothing is left; `hand_over` comes next.

        Raises a `UserError` of a job. A job that failed otherwise is left to `run_to_end`.
        """
        while self._unfinished() and not until.is_set():
            while self._failure is None and (job := self._plan.next_job()) is not None:
                self.started[job] = self._start(job, self._submit)
            self._take(0.1, self._put_off)
        if self._failure is not None and not until.is_set():
            raise self._failure

    def hand_over(self, submit: Submit[JobT, Result]) -> list[Running[Result]]:
        """Submit every job of `started` again, to `submit`, and return what it returns.

        For a job that is still running, `submit` must wait instead of doing it twice; it may retry
        a job that fails.
        """
        submitted = []
        for job in list(self.started):
            is_running = job in self._running
            submitted.append(self._start(job, submit) if is_running else submit(job))
        return submitted

    def run_to_end(self, submit: Submit[JobT, Result] | None = None) -> None:
        """Run all jobs that are left by `submit` (None is that of the conductor).

        Raises the first error of a job, after the jobs that are running have ended.
        """
        submit = submit or self._submit
        while self._unfinished():
            while self._failure is None and (job := self._next()) is not None:
                self._start(job, submit)
            self._take(0.5, self._fail)
        if self._failure is not None:
            raise self._failure

    def _unfinished(self) -> bool:
        return bool(self._running) or (self._failure is None and not self._plan.finished)

    def _next(self) -> JobT | None:
        return self._again.pop() if self._again else self._plan.next_job()

    def _start(self, job: JobT, submit: Submit[JobT, Result]) -> Running[Result]:
        self._started_at.setdefault(job, time.monotonic())
        running = self._running[job] = submit(job)
        running.add_done_callback(partial(_put, self._done, job))
        return running

    def _take(self, seconds: float, fail: Callable[[JobT, BaseException], None]) -> None:
        """Wait up to `seconds` for a job to end, and process its result, or its error by `fail`."""
        try:
            job, running = self._done.get(timeout=seconds)
        except queue.Empty:
            self._listeners.tick()
            return
        if self._running.get(job) is not running:  # it was submitted again while it ran
            return
        del self._running[job]
        try:
            result = running.result()
        except BaseException as error:
            fail(job, error)
            return
        self._plan.finish(job, result)
        self._latest = time.monotonic()
        self._listeners.advanced(self._plan.progress(job, self._latest - self._started_at[job]))
        self._listeners.tick()

    def _fail(self, job: JobT, error: BaseException) -> None:
        self._failure = self._failure or error

    def _put_off(self, job: JobT, error: BaseException) -> None:
        if isinstance(error, UserError):
            self._fail(job, error)
        else:
            del self.started[job]
            self._again.append(job)


def _put(done: queue.SimpleQueue[tuple[Any, Any]], job: Any, ended: Any) -> None:
    done.put((job, ended))


@contextmanager
def in_threads(
    perform: Callable[[JobT], Result], threads: int
) -> Iterator[Callable[[JobT], Future[Result]]]:
    """A `Submit` that performs jobs by `perform` in `threads` threads of this process.

    On exit, running jobs are waited for and waiting jobs are cancelled.
    """
    pool = ThreadPoolExecutor(threads, "labelferry")
    try:
        yield lambda job: pool.submit(perform, job)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def at_once(perform: Callable[[JobT], Result]) -> Callable[[JobT], Future[Result]]:
    """A `Submit` that performs each job by `perform` before it returns, in the calling thread.

    For jobs that take all cores, and that an interrupt from the keyboard must be able to end.
    """

    def submit(job: JobT) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(perform(job))
        except Exception as error:
            future.set_exception(error)
        return future

    return submit
