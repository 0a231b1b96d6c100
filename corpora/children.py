"""Programs that we start, and that end with us however we end.

Each has a session of its own: Ctrl-C reaches only us, and we end the program with all that it
started. A guard beside it does that where we cannot, `kill -9` included: a shell that waits for the
end of a pipe that we hold, which the system closes with us.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress

_GUARD = 'read -r _; kill -KILL "-$0"'
_running: dict[int, subprocess.Popen[bytes]] = {}
"""The guards, by the number of the program that each guards."""
_lock = threading.Lock()


def start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the program and its `arguments`, with pipes to and from all its standard streams.

    It must be passed to `end` when it is no longer needed. Raises `OSError`.
    """
    with _lock:  # so that `end_all` misses none
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        _running[process.pid] = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    """End `process`, which `start` made, with all that it started, and close its streams."""
    _kill(process.pid)
    with _lock:
        guard = _running.pop(process.pid, None)
    if guard is not None:
        guard.kill()  # before its pipe is closed: by then the number may be that of another program
        guard.communicate()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()


def end_all() -> None:
    """End all programs that run; for a process that ends without cleaning up."""
    for number in list(_running):
        _kill(number)


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
