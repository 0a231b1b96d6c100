"""Listeners: objects that a run reports its progress and messages to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from corpora.text.visible import visible_lines


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come when one of its jobs has ended."""

    job: str
    """Name of that job."""
    seconds: float
    """How long that job took."""
    unit: str
    """What is counted: `rows`, `jobs`, `steps`."""
    done: int
    """How many of them are done."""
    seen: int
    """How many are known so far; the same as `total` where that is known."""
    total: int | None
    """How many there will be; None while that is unknown."""
    is_last: bool = False
    """Whether nothing is left to do."""
    before: int = 0
    """How many of those that are done were done before this process began."""

    @property
    def share(self) -> float | None:
        """How much of the whole is done, from 0 to 1; None while that is unknown."""
        return self.done / self.total if self.total else None


class Listener:
    """Is told how a run goes; this one does nothing."""

    def began(self, title: str) -> None:
        """The run called `title` begins."""

    def advanced(self, progress: Progress) -> None:
        """A job is done, or a part of a long one; `progress` says how far the run has come."""

    def message(self, line: str) -> None:
        """There is a `line` of text worth reading."""

    def saved(self, what: str) -> None:
        """`what` says how much of the run is on the disk by now."""

    def tick(self) -> None:
        """Some time has passed."""

    def ended(self) -> None:
        """The run ends, well or not."""


class Messages(Listener):
    """Passes messages on to a function, and nothing else."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` is given every line."""
        self._tell = tell

    def message(self, line: str) -> None:
        """Pass `line` on."""
        self._tell(visible_lines(line))


class Listeners(Listener):
    """Several listeners; one that comes later is first told where the run stands."""

    def __init__(self, *listeners: Listener) -> None:
        """`listeners` are told in this order."""
        self._listeners = list(listeners)
        self._title: str | None = None
        self._latest: Progress | None = None

    def add(self, listener: Listener) -> None:
        """Tell `listener` too from now on."""
        if self._title is not None:
            listener.began(self._title)
        if self._latest is not None:
            listener.advanced(self._latest)
        self._listeners.append(listener)

    def began(self, title: str) -> None:
        """Tell all that the run called `title` begins."""
        self._title = title
        for listener in self._listeners:
            listener.began(title)

    def advanced(self, progress: Progress) -> None:
        """Tell all of `progress`."""
        self._latest = progress
        for listener in self._listeners:
            listener.advanced(progress)

    def message(self, line: str) -> None:
        """Give all the `line`."""
        for listener in self._listeners:
            listener.message(line)

    def saved(self, what: str) -> None:
        """Tell all `what` is on the disk."""
        for listener in self._listeners:
            listener.saved(what)

    def tick(self) -> None:
        """Tell all that time has passed."""
        for listener in self._listeners:
            listener.tick()

    def ended(self) -> None:
        """Tell all that the run ends."""
        for listener in self._listeners:
            listener.ended()
