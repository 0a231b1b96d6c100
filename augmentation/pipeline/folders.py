"""Where runs, the translation memory and what else a user makes are kept."""

from __future__ import annotations

import os
from pathlib import Path

RUNS_VARIABLE = "LABELFERRY_RUNS"


def runs_folder() -> Path:
    """Where runs go that are given no folder: LABELFERRY_RUNS, else `data/runs` in the checkout."""
    given = os.environ.get(RUNS_VARIABLE)
    return Path(given) if given else Path(__file__).resolve().parents[2] / "data" / "runs"


def memory_folder() -> Path:
    """Where the translation memory lies that is given no folder: beside the runs."""
    return runs_folder() / "memory"


def inputs_folder() -> Path:
    """Where data that a program gives lies, written once for pipelines that read files."""
    return runs_folder() / "inputs"
