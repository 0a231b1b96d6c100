"""Prefect's server for the time of one run, in a process of its own.

    python flows/server.py

It prints its port when it answers requests; other output goes to standard error, a log. It ends
after its standard input, which ends with the run (`kill -9` included), so that the run need not
wait until the last records are written. The run does not import the server's code, which takes
longer than the rest of Prefect.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

import uvicorn
from filelock import BaseFileLock, FileLock

SECONDS_TO_WRITE = 6.0
"""More than Prefect holds back events and states of tasks; what it has not written by the end is
lost, with a page of traceback."""


class Announced(uvicorn.Server):
    """Prints its port once it takes requests."""

    def __init__(self, config: uvicorn.Config, answer: TextIO, starting: BaseFileLock) -> None:
        """A server of `config` that writes its port to `answer`; it holds the lock `starting`
        until it takes requests."""
        super().__init__(config)
        self._answer = answer
        self._starting = starting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening on `sockets`, and print the port."""
        # Servers that make the tables of a new database at the same time break one another.
        with self._starting:
            await super().startup(sockets)
        gc.freeze()
        gc.enable()
        if self.started and sockets:
            with self._answer as answer:
                answer.write(f"{sockets[0].getsockname()[1]}\n")


def main() -> None:
    """Serve until standard input ends."""
    gc.disable()  # until it serves: imports free nothing, and garbage collection costs 15 %
    from prefect.server.api.server import create_app
    from prefect.settings import PREFECT_HOME

    answer = os.fdopen(os.dup(1), "w")
    folder = Path(PREFECT_HOME.value())
    folder.mkdir(parents=True, exist_ok=True)
    os.dup2(2, 1)
    starting = FileLock(folder / "labelferry-starting.lock")
    app = create_app(ephemeral=True, final=True)
    server = Announced(uvicorn.Config(app, log_level="error", lifespan="on"), answer, starting)

    def end_with_the_run() -> None:
        sys.stdin.read()
        time.sleep(SECONDS_TO_WRITE)
        server.should_exit = True

    threading.Thread(target=end_with_the_run, daemon=True).start()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server.run([listening])


if __name__ == "__main__":
    main()
