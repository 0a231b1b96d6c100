"""Ctrl-C: a command ends within seconds, says what is kept, and a second Ctrl-C ends it at once.

Python raises `KeyboardInterrupt` between two steps of its own, so a call of CTranslate2 or of
PyTorch would hold it up for as long as it takes. Therefore a thread of its own hears of the signal
too, and ends the process where the command has not ended by itself in `GRACE_SECONDS`. Whatever
counts as done is on the disk by then: shards, records and parts of files are put in place whole.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130
"""The exit code, as shells have it: 128 and the number of the signal."""
GRACE_SECONDS = 2.0
SAME_AGAIN = "run the same command again to continue"
_GO_ON = f"what is done is kept: {SAME_AGAIN}"
_NOTHING = "nothing was written: run the same command again to start anew"
_MESSAGES = {
    "translate": _NOTHING,
    "translate-train": _GO_ON,
    "translate-test": _GO_ON,
    "train-translator": _GO_ON,
    "compare": _GO_ON,
    "models": "the store is as it was: run the same command again",
    "memory": _GO_ON,
    "export": _NOTHING,
    "project": _NOTHING,
    "align": _NOTHING,
}
"""What is true of an interrupted command, by its name."""


class Interrupts:
    """The handler of SIGINT of one command line."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """`arguments` are the words of the command line."""
        named = next((word for word in arguments if not word.startswith("-")), "")
        self.message = _MESSAGES.get(named, "")
        """What is kept, and how to go on; commands that know better change it."""
        self._lock = threading.Lock()
        self._said = self._hurry = False
        self._over = threading.Event()

    def begin(self) -> None:
        """Hear of SIGINT from now on; in the main thread only."""
        self._heard, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._before = signal.signal(signal.SIGINT, self._handle)
        self._fd_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="labelferry-interrupts", daemon=True).start()

    def end(self, ends_process: bool) -> None:
        """The command has ended. If it `ends_process`, a signal ends what is left at once, else
        signals are handled as before."""
        self._hurry = True
        self.message = ""
        if ends_process:
            return
        self._over.set()
        signal.set_wakeup_fd(self._fd_before)
        signal.signal(signal.SIGINT, self._before)
        os.close(self._write)  # which ends the thread

    def say(self) -> None:
        """Print, once, that the command was interrupted and what is kept."""
        with self._lock:
            if not self._said:
                self._said = True
                what = f"; {self.message}" if self.message else ""
                os.write(2, f"labelferry: interrupted{what}\n".encode())

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._hurry:
            self._end_now()
        self._hurry = True
        raise KeyboardInterrupt

    def _watch(self) -> None:
        """Wait for the signal, then for a second one, but not longer than the grace."""
        self._wait(None)
        self._wait(GRACE_SECONDS)
        if not self._over.is_set():
            self._end_now()
        os.close(self._heard)

    def _wait(self, seconds: float | None) -> None:
        """Wait up to `seconds` for SIGINT, or for `end`."""
        while select.select([self._heard], [], [], seconds)[0]:
            if os.read(self._heard, 1) in (b"", bytes([signal.SIGINT])):
                return

    def _end_now(self) -> None:
        self.say()
        children = sys.modules.get("corpora.children")
        if children is not None:
            children.end_all()
        if os.isatty(2):
            os.write(2, b"\x1b[?25h")  # a bar had hidden the cursor
        os._exit(INTERRUPTED)


@contextmanager
def heeded(arguments: Sequence[str], *, ends_process: bool) -> Iterator[Interrupts]:
    """A context in which SIGINT is heeded for the command line `arguments`.

    `ends_process` says that the process ends after it. Outside of the main thread signals are left
    alone.
    """
    global _current
    interrupts = Interrupts(arguments)
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    interrupts.begin()
    _current = interrupts
    try:
        yield interrupts
    finally:
        _current = None
        interrupts.end(ends_process)


_current: Interrupts | None = None


def kept(message: str) -> None:
    """Have an interrupt of this command say `message`: what is kept, and how to go on."""
    if _current is not None:
        _current.message = message
