"""Kills a process before the n-th thing that it does to files, and runs it again."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.helpers.attacks.children import Died, in_children
from tests.helpers.attacks.scenarios import SCENARIOS

_CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink",
                      "os.truncate"})  # fmt: skip
KILLED = Died(f"exit code {-signal.SIGKILL}")
SECONDS = 300


class FileOperations:
    """Counts the files of this process that are opened, written, synced, renamed or deleted, the
    folders that are made, and what is asked of SQLite; `fatal` is the number of the operation that
    is not done any more, because the process is killed before it."""

    def __init__(self, root: Path, fatal: int | None) -> None:
        """Only files below `root` count."""
        self.count = 0
        self._root, self._fatal = str(root), fatal
        self._lock = threading.Lock()

    def watch(self) -> None:
        """Count from now on, to the end of the process."""
        import pyarrow as pa

        sys.addaudithook(self._audit)
        for module, name in ((pa.ipc, "new_file"), (pa, "OSFile"), (pa, "CompressedOutputStream")):
            setattr(module, name, partial(self._open_with_arrow, getattr(module, name)))
        connect = sqlite3.connect

        def connecting(*args: Any, **options: Any) -> sqlite3.Connection:
            self.note()
            connection = connect(*args, **options)
            connection.set_trace_callback(lambda statement: self.note())
            return connection

        def syncing(descriptor: int) -> None:
            self.note()  # what a killed process wrote is there without waiting for the disk

        sqlite3.connect, os.fsync = connecting, syncing  # type: ignore[assignment]

    def note(self) -> None:
        """Count one operation, or die before it."""
        with self._lock:
            self.count += 1
            if self.count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        # Reading counts as well: a file that is read back has just been written.
        if event in _CHANGES or event == "open":
            name = args[0]
            if isinstance(name, str | os.PathLike) and os.fspath(name).startswith(self._root):
                self.note()

    def _open_with_arrow(self, opener: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self.note()
        return _ArrowFile(opener(*args, **options), self.note)


class _ArrowFile:
    """A file that Arrow writes, which Python's audit does not see."""

    def __init__(self, file: Any, note: Callable[[], None]) -> None:
        self._file, self._note = file, note

    def __getattr__(self, name: str) -> Any:
        if name in ("write", "close"):
            self._note()
        return getattr(self._file, name)

    def __enter__(self) -> _ArrowFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class Kill:
    """A scenario in a folder of its own, killed at one operation after the other."""

    scenario: str
    folder: Path
    fatal: tuple[int, ...]
    """Each run is killed at one of these; one more run goes to the end."""


def run_once(folder: Path, scenario: str, fatal: int | None) -> int:
    """Run `scenario` in `folder`; gives how many operations it took, if it lives."""
    os.environ["LABELFERRY_SYNC"] = "1"
    operations = FileOperations(folder, fatal)
    operations.watch()
    SCENARIOS[scenario].run(folder)
    return operations.count


def _in_child(kill: Kill, fatal: int | None) -> Any:
    work = partial(run_once, kill.folder, kill.scenario)
    (answer,) = in_children(work, [fatal], SECONDS)
    return answer


def attempt(kill: Kill, whole: dict[str, str]) -> list[str]:
    """What went wrong where `whole` are the results of a run that nobody killed."""
    scenario, wrong = SCENARIOS[kill.scenario], []
    scenario.prepare(kill.folder)
    for fatal in (*kill.fatal, None):
        before = scenario.finished(kill.folder)
        answer = _in_child(kill, fatal)
        if answer != KILLED and not isinstance(answer, int):
            wrong.append(f"killed at {fatal}: {answer}")
        after = scenario.finished(kill.folder)
        if again := [name for name, time in before.items() if after.get(name) != time]:
            wrong.append(f"done again: {again}")
    if scenario.results(kill.folder) != whole:
        wrong.append("other results")
    if left := sorted(str(p.relative_to(kill.folder)) for p in kill.folder.rglob(".*.tmp")):
        wrong.append(f"left behind: {left}")
    shutil.rmtree(kill.folder)
    return [f"{kill.fatal}: {problem}" for problem in wrong]


def undisturbed(scenario: str, folder: Path) -> tuple[dict[str, str], int]:
    """The results of `scenario`, and the number of its operations."""
    SCENARIOS[scenario].prepare(folder)
    count = _in_child(Kill(scenario, folder, ()), None)
    assert isinstance(count, int), count
    return SCENARIOS[scenario].results(folder), count


def kills(scenario: str, folder: Path, count: int, seed: int, most: int | None) -> Sequence[Kill]:
    """A kill at every one of `count` operations (at most `most` of them, drawn by `seed`).

    Every other run is killed a second time, at any operation.
    """
    rng = random.Random(seed)
    points = range(1, count + 1)
    if most is not None and most < count:
        points = sorted(rng.sample(points, most))  # type: ignore[assignment]
    return [
        Kill(scenario, folder / f"at-{n}", (n, rng.randint(1, count))[: 1 + n % 2]) for n in points
    ]
