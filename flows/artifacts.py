"""The progress of a run in Prefect's UI."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger
from prefect.artifacts import update_progress_artifact


def show_progress(artifact: Any, share: float) -> None:
    """Update the progress artifact `artifact` of a run of which `share` (0 to 1) is done.

    A failed update must not end the run: a warning is logged.
    """
    try:
        update_progress_artifact(artifact, progress=100.0 * share)
    except Exception as error:
        get_run_logger().warning("the progress artifact was not updated: %s", error)
