"""Prefect's settings and server for runs of labelferry; to be used before Prefect is imported."""

from __future__ import annotations

import atexit
import logging
import os
import select
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from corpora.errors import UserError
from corpora.folders import checkout_folder, runs_folder
from corpora.posix import require_posix
from corpora.storage import check_writable, make_folder, writing

_SERVER_LOG = "labelferry-server.log"
_ANSWER_SECONDS = 10.0
_SHOWN = 200


class Prefect:
    """Prefect for flows that the command line runs: quiet, without telemetry or heartbeat, and with
    its records beside the runs.

    Settings of the user are kept. If the user has no server, one is started that ends with this
    process.
    """

    def __init__(self) -> None:
        """Raises `UserError` where Prefect's home folder cannot be written."""
        configured = _is_configured()
        _set_defaults(configured)
        check_writable(_home() / _SERVER_LOG)
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
        try:
            from prefect import context
            from prefect.settings import PREFECT_API_URL
        except ValueError as error:  # Pydantic's
            raise UserError(f"Prefect does not take its settings: {_first_line(error)}") from error
        if self._server is None and not PREFECT_API_URL.value():
            self._server = _Server()
        if self._server is not None:
            while not self._server.answers(within=0.1):
                if working.done():
                    working.result()
            reach_without_proxy("127.0.0.1")
            os.environ[PREFECT_API_URL.name] = self._server.url()
            context.refresh_global_settings_context()
        hint = "" if self._server else "PREFECT_API_URL or Prefect's profile names it; "
        _check_server(PREFECT_API_URL.value(), hint)


def _check_server(url: str, hint: str) -> None:
    """Raise `UserError`, with the `hint`, where no Prefect server of a version that fits answers at
    `url`."""
    from prefect.client.orchestration import get_client
    from prefect.settings import (
        PREFECT_API_REQUEST_TIMEOUT,
        PREFECT_CLIENT_MAX_RETRIES,
        temporary_settings,
    )

    problem: Exception | None
    with temporary_settings(
        {PREFECT_CLIENT_MAX_RETRIES: 1, PREFECT_API_REQUEST_TIMEOUT: _ANSWER_SECONDS}
    ):
        try:
            with get_client(sync_client=True) as client:
                problem = client.api_healthcheck()
        except Exception as error:  # of any library below: the network, proxies, JSON
            problem = error
    if problem is not None:
        reason = _first_line(problem.__cause__ or problem)
        raise UserError(
            f"no Prefect server can be used at {url} ({reason}): {hint}--no-prefect works without "
            "one"
        ) from problem


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__


def reach_without_proxy(host: str) -> None:
    """Have this process reach `host` without the proxy that the environment names, if any."""
    if not any(name in urllib.request.getproxies() for name in ("http", "all")):
        return
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if host not in excepted.split(","):
        excepted = f"{excepted},{host}".lstrip(",")
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = excepted


def _home() -> Path:
    """Prefect's home folder."""
    return Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect").expanduser()


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
        self._log = _home() / _SERVER_LOG
        # All that it says goes to the log: nobody would read it to its end who waits for our end.
        with writing(self._log), self._log.open("ab") as log:
            self._process = subprocess.Popen(
                # -P: the current folder may have modules of any name.
                [sys.executable, "-P", str(Path(__file__).with_name("server.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
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
        assert self._process.stdout is not None
        with self._process.stdout as answer:
            port = answer.readline().decode().strip()
        if not port:
            raise UserError(
                f"Prefect's server ended with exit code {self._process.wait()} before it answered "
                f"(see {self._log}); --no-prefect works without one"
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
