"""Ctrl-C during training: it is heeded between two steps, when there is something whole to keep."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.is_wanted = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Note the signal `number`, which came in `frame`; a second one raises
        `KeyboardInterrupt`."""
        if self.is_wanted:
            raise KeyboardInterrupt
        self.is_wanted = True


@contextmanager
def deferred() -> Iterator[Interruption]:
    """A context in which the first Ctrl-C is noted, and raises nothing.

    Only the main thread can do so; elsewhere, and where the program ignores Ctrl-C, nothing
    changes.
    """
    interruption = Interruption()
    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or before in (signal.SIG_IGN, None):
        yield interruption
        return
    signal.signal(signal.SIGINT, interruption.handle)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def blocked() -> Iterator[None]:
    """A context whose new processes never hear of Ctrl-C; this one hears of it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
