"""How Prefect is to behave when labelferry starts it; to be called before Prefect is imported."""

from __future__ import annotations

import atexit
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from augmentation.config import runs_folder
from corpora.storage import make_folder


@contextmanager
def prepared_prefect() -> Iterator[None]:
    """Prefect for a flow that the command line runs: quiet, without telemetry or heartbeat, and
    with its records beside the runs.

    What the user has set stays as it is. Without a server of the user's, Prefect starts one for
    the time of the run.
    """
    _set_defaults()
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # Whoever typed the command sees that it lives, and would wait a second for the last beat.
    heartbeat = PREFECT_FLOWS_HEARTBEAT_FREQUENCY
    with temporary_settings({} if heartbeat.name in os.environ else {heartbeat: None}):
        yield


def _set_defaults() -> None:
    defaults = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
    if not _is_configured():
        home = runs_folder().absolute() / ".prefect"
        make_folder(home)
        defaults["PREFECT_HOME"] = str(home)
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        _tie_server()


def _tie_server() -> None:
    """Make the server that Prefect starts for this run end with it, `kill -9` included.

    Prefect stops its server when Python exits. A process that is killed exits no such way, but
    the system closes its pipes: a shell waits for that, and then ends the server.
    """
    from prefect.server.api.server import SubprocessASGIServer

    class TiedServer(SubprocessASGIServer):
        def _run_uvicorn_command(self) -> subprocess.Popen[Any]:
            server = super()._run_uvicorn_command()
            _end_with_us(server.pid)
            return server

    TiedServer()  # Prefect makes one server a process, and takes the one that there is


def _end_with_us(process: int) -> None:
    watcher = subprocess.Popen(
        ["/bin/sh", "-c", 'read -r _; kill "$0"', str(process)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us alone
    )

    def dismiss() -> None:
        watcher.kill()
        watcher.wait()

    # Before our pipe closes: the server has ended by then, and its number may be another's.
    atexit.register(dismiss)


def _is_configured() -> bool:
    """Whether the user has a Prefect of their own: a server, a home or a profile."""
    if {"PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILE"} & os.environ.keys():
        return True
    return (Path.home() / ".prefect" / "profiles.toml").is_file()


def enter_checkout() -> dict[str, str]:
    """The pull step of deployments: a run works in this checkout, wherever its worker started.

    The folder is found where the flow runs, so that no machine's path is stored in a deployment.
    """
    folder = Path(__file__).resolve().parent.parent
    os.chdir(folder)
    return {"directory": str(folder)}
