"""How far a run has come, in Prefect's UI."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger
from prefect.artifacts import update_progress_artifact


def show_progress(artifact: Any, share: float) -> None:
    """Bring a progress artifact up to date, of a run of which `share` (0 to 1) is done.

    A picture of the run must not end it: where that fails, a warning is logged.
    """
    try:
        update_progress_artifact(artifact, progress=100.0 * share)
    except Exception as error:
        get_run_logger().warning("the progress artifact was not updated: %s", error)
