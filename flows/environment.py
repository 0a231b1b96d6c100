"""How Prefect is to behave when labelferry starts it; to be called before Prefect is imported."""

from __future__ import annotations

import os
from pathlib import Path

from augmentation.config import runs_folder
from corpora.storage import make_folder


def prepare_prefect() -> None:
    """Quiet, without telemetry, and with its records beside the runs.

    What the user has set stays as it is. Without a server of the user's, Prefect starts one for
    the time of the run.
    """
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
