"""How far a run has come: a bar on a terminal, else a line now and then, both on standard error."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from augmentation.config import Settings
from augmentation.plan import Job, Plan, rows_of
from augmentation.translate_train import Watcher

LINE_SECONDS = 15.0


class Tally:
    """Rows done and to do, over all target languages."""

    def __init__(self) -> None:
        self.read = 0
        self.done = 0
        self.total: int | None = None
        """None until the input has been read to its end."""
        self._began = time.monotonic()
        self._read: set[int] = set()

    def advanced(self, job: Job, plan: Plan) -> None:
        """Count a job that is done."""
        if job.step == "segment" and job.ref.index not in self._read:
            self._read.add(job.ref.index)
            self.read += rows_of(job)
        elif job.step == "filter":
            self.done += rows_of(job)
        if plan.shards is not None and self.total is None and len(self._read) == plan.shards:
            self.total = self.read * len(plan.settings.config.targets)

    @property
    def seconds(self) -> float:
        """Since the count began."""
        return time.monotonic() - self._began

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.done / max(self.seconds, 1e-6)

    @property
    def left(self) -> float | None:
        """Seconds left; None while that cannot be said."""
        if self.total is None or not self.done:
            return None
        return (self.total - self.done) / self.rate


def clock(seconds: float) -> str:
    """`1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Lines(Watcher):
    """A plain line every so often."""

    def __init__(self, out: TextIO, every: float = LINE_SECONDS) -> None:
        self._out = out
        self._every = every
        self._tally = Tally()
        self._next = time.monotonic() + every

    def began(self, settings: Settings) -> None:
        """Start counting."""
        self._tally = Tally()
        self._next = time.monotonic() + self._every

    def advanced(self, job: Job, plan: Plan) -> None:
        """Count."""
        self._tally.advanced(job, plan)

    def tick(self) -> None:
        """Write a line if it is time for one."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            print(self.line(), file=self._out, flush=True)

    def line(self) -> str:
        """How far the run has come, in words."""
        tally = self._tally
        total = f"{tally.total}" if tally.total is not None else f"{tally.read} and more"
        if not tally.done:
            return f"{total} rows read, the first of them under way for {clock(tally.seconds)}"
        left = f", {clock(tally.left)} left" if tally.left is not None else ""
        return f"{tally.done} of {total} rows, {tally.rate:.1f} rows/s{left}"


def bar_with_words(**options: Any) -> Any:
    """A bar of `rich` on standard error whose tasks have a field `words`; it goes when it stops.

    `options` are those of `rich.progress.Progress`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        **options,
    )


class Bar(Watcher):
    """A progress bar."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._progress: Any = None
        self._task: Any = None

    def began(self, settings: Settings) -> None:
        """Show the bar."""
        self._tally = Tally()
        self._progress = bar_with_words()
        self._task = self._progress.add_task("reading", total=None, words="")
        self._progress.start()

    def advanced(self, job: Job, plan: Plan) -> None:
        """Move the bar."""
        self._tally.advanced(job, plan)
        tally = self._tally
        left = f", {clock(tally.left)} left" if tally.left is not None else ""
        self._progress.update(
            self._task,
            description=job.name,
            completed=tally.done,
            total=tally.total,
            words=f"{tally.done} of {tally.total or '?'} rows, {tally.rate:.0f} rows/s{left}",
        )

    def ended(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()


def watch() -> Watcher:
    """A bar where standard error is a terminal, else lines."""
    return Bar() if sys.stderr.isatty() else Lines(sys.stderr)
