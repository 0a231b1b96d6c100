"""Progress of a run on standard error: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

from augmentation.pipeline.listener import Listener, Progress
from corpora.text.visible import visible, visible_lines
from flows.cli.messages import say

LINE_SECONDS = 15.0


class Clock:
    """The time since a run began, and an estimate of the time left."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._began

    def rate(self, progress: Progress) -> float:
        """Units per second that this process has done, by `progress`."""
        return (progress.done - progress.before) / max(self.seconds, 1e-6)

    def left(self, progress: Progress) -> str:
        """The time left by `progress`, as `, 1:02 left`; empty while that is unknown."""
        if progress.total is None or progress.done <= progress.before:
            return ""
        return f", {clock((progress.total - progress.done) / self.rate(progress))} left"


def clock(seconds: float) -> str:
    """`seconds` as `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Lines(Listener):
    """A plain line every few seconds."""

    def __init__(self, out: TextIO, every: float = LINE_SECONDS) -> None:
        """Lines go to `out`, one in `every` seconds."""
        self._out = out
        self._every = every
        self._clock = Clock()
        self._progress: Progress | None = None
        self._next = time.monotonic() + every

    def began(self, title: str) -> None:
        """Start the clock; the `title` is not shown, because the user typed the command."""
        self._clock = Clock()
        self._next = time.monotonic() + self._every

    def advanced(self, progress: Progress) -> None:
        """Remember `progress` for the next line."""
        self._progress = progress

    def message(self, line: str) -> None:
        """Write `line` at once."""
        say(line, self._out)

    def tick(self) -> None:
        """Write a line if it is time for one."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            say(self.line(), self._out)

    def line(self) -> str:
        """The progress of the run in words."""
        progress = self._progress
        if progress is None or not progress.done:
            seen = 0 if progress is None else progress.seen
            more = "" if progress is not None and progress.total is not None else " and more"
            unit = "rows" if progress is None else progress.unit
            return f"{seen}{more} {unit} read, the first of them in progress for " + clock(
                self._clock.seconds
            )
        total = str(progress.total) if progress.total is not None else f"{progress.seen} and more"
        rate = f"{self._clock.rate(progress):.1f} {progress.unit}/s"
        return f"{progress.done} of {total} {progress.unit}, {rate}{self._clock.left(progress)}"


class JobLines(Listener):
    """A line for every job that is done, and every message; for runs of few and long jobs."""

    def __init__(self, out: TextIO) -> None:
        """Lines go to `out`."""
        self._out = out

    def advanced(self, progress: Progress) -> None:
        """Print which job `progress` is about, how many are done, and how long it took."""
        if progress.unit == "jobs":
            count = f"[{progress.done}/{progress.total}]"
            line = f"{count} {progress.job} ({progress.seconds:.1f} s)"
            say(line, self._out)

    def message(self, line: str) -> None:
        """Write `line`."""
        say(line, self._out)


def bar_with_words(**options: Any) -> Any:
    """A bar of `rich` on standard error whose tasks have a field `words`; removed when it stops.

    `options` are those of `rich.progress.Progress`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        **options,
    )


class Bar(Listener):
    """A progress bar."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._bar: Any = None
        self._task: Any = None

    def began(self, title: str) -> None:
        """Show the bar, without the `title`, because the user typed the command."""
        self._clock = Clock()
        self._bar = bar_with_words()
        self._task = self._bar.add_task("reading", total=None, words="")
        self._bar.start()

    def advanced(self, progress: Progress) -> None:
        """Move the bar to where `progress` is."""
        unit, rate = progress.unit, f"{self._clock.rate(progress):.0f}"
        of = f"{progress.done} of {progress.total or '?'} {unit}"
        self._bar.update(
            self._task,
            description=visible(progress.job),
            completed=progress.done,
            total=progress.total,
            words=f"{of}, {rate} {unit}/s{self._clock.left(progress)}",
        )

    def message(self, line: str) -> None:
        """Write `line` above the bar."""
        self._bar.console.print(visible_lines(line), markup=False, highlight=False)

    def ended(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def watch() -> Listener:
    """A bar where standard error is a terminal, else lines."""
    return Bar() if sys.stderr.isatty() else Lines(sys.stderr)
