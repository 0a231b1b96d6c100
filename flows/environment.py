"""Prefect's settings and server for runs of labelferry; to be used before Prefect is imported."""

from __future__ import annotations

import atexit
import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from corpora.errors import UserError
from corpora.folders import checkout_folder, runs_folder
from corpora.posix import require_posix
from corpora.storage import make_folder

_SERVER_LOG = "labelferry-server.log"


class Prefect:
    """Prefect for flows that the command line runs: quiet, without telemetry or heartbeat, and with
    its records beside the runs.

    Settings of the user are kept. If the user has no server, one is started that ends with this
    process.
    """

    def __init__(self) -> None:
        configured = _is_configured()
        _set_defaults(configured)
        self._server = None if configured else _Server()

    @contextmanager
    def prepared(
        self, meanwhile: Callable[[threading.Event], None] = lambda until: None
    ) -> Iterator[None]:
        """A context in which flows can run.

        While Prefect starts, `meanwhile` runs in another thread, and must return when its event is
        set. Its errors are raised at once.
        """
        ready = threading.Event()
        with ThreadPoolExecutor(1, "labelferry-meanwhile") as pool:
            working = pool.submit(meanwhile, ready)
            try:
                self._prepare(working)
            finally:
                ready.set()
            working.result()

        from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        # The user sees that the command runs, and would wait a second at the end for a heartbeat.
        heartbeat = PREFECT_FLOWS_HEARTBEAT_FREQUENCY
        with temporary_settings({} if heartbeat.name in os.environ else {heartbeat: None}):
            yield

    def _prepare(self, working: Future[None]) -> None:
        from prefect import context
        from prefect.settings import PREFECT_API_URL

        if self._server is None and not PREFECT_API_URL.value():
            self._server = _Server()
        if self._server is not None:
            while not self._server.answers(within=0.1):
                if working.done():
                    working.result()
            os.environ[PREFECT_API_URL.name] = self._server.url()
            context.refresh_global_settings_context()


def prepared_prefect() -> AbstractContextManager[None]:
    """Prefect for a flow that the command line runs; see `Prefect`."""
    return Prefect().prepared()


def _set_defaults(configured: bool) -> None:
    if "PREFECT_LOGGING_LEVEL" not in os.environ:
        # The command prints an error in one line; Prefect would print a traceback.
        for name in ("prefect.flow_runs", "prefect.task_runs"):
            logging.getLogger(name).propagate = False
    defaults = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }
    if not configured:
        folder = runs_folder().absolute() / ".prefect"
        make_folder(folder)
        defaults["PREFECT_HOME"] = str(folder)
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    # Another logger than Prefect's, which warns whenever a run ends before all events are sent.
    logging.getLogger("EventsWorker").setLevel(logging.ERROR)


class _Server:
    """`flows.server`, started at once."""

    def __init__(self) -> None:
        require_posix("Prefect's server for one run (--no-prefect works without)")
        self._process = subprocess.Popen(
            # -P: the current folder may have modules of any name.
            [sys.executable, "-P", str(Path(__file__).with_name("server.py")), _SERVER_LOG],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C must only reach this process
        )
        # It ends when its standard input does, so that `kill -9` ends it too. Registered first, run
        # last: by then Prefect has sent it everything.
        assert self._process.stdin is not None
        atexit.register(self._process.stdin.close)

    def answers(self, within: float) -> bool:
        """Whether it answers, or has ended, `within` so many seconds."""
        assert self._process.stdout is not None
        return bool(select.select([self._process.stdout], [], [], within)[0])

    def url(self) -> str:
        """The address of its API; waits for its answer."""
        from prefect.settings import PREFECT_HOME

        assert self._process.stdout is not None
        with self._process.stdout as answer:
            port = answer.readline().decode().strip()
        if not port:
            raise RuntimeError(
                f"Prefect's server ended with exit code {self._process.wait()} before it answered "
                f"(see {_SERVER_LOG} in {PREFECT_HOME.value()}); --no-prefect works without one"
            )
        return f"http://127.0.0.1:{port}/api"


def _is_configured() -> bool:
    """Whether the user has set up Prefect: a server, a home folder or a profile."""
    if {"PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILE"} & os.environ.keys():
        return True
    return (Path.home() / ".prefect" / "profiles.toml").is_file()


def enter_checkout() -> dict[str, str]:
    """The pull step of deployments: a run works in this checkout, wherever its worker started.

    The folder is found where the flow runs, so that no machine's path is stored in a deployment:
    the checkout that labelferry is installed from, else the one that the worker was started in.
    Raises `UserError` where there is neither.
    """
    folder = checkout_folder()
    if folder is None:
        raise UserError(
            "what prefect.yaml deploys runs in a checkout of labelferry: start the worker in one"
        )
    os.chdir(folder)
    return {"directory": str(folder)}
