"""The folders of labelferry: for its output, and for the models that it ships with.

No other module chooses a folder. Data goes to the `data` folder of a checkout of labelferry:

1. of the checkout that the running code is in (a clone, or what `pip install -e` points to), for
   any current folder;
2. else, for an installed wheel, of the checkout that the current folder is in;
3. else to the user's data folder, which `platformdirs` names (`~/.local/share/labelferry` on
   Linux, or below XDG_DATA_HOME).

A checkout is a folder whose `pyproject.toml` has the project's name `labelferry`. Nothing is ever
written beside installed packages.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import platformdirs

RUNS_VARIABLE, STORE_VARIABLE = "LABELFERRY_RUNS", "LABELFERRY_STORE"
_PROJECT = "labelferry"
_PACKAGES = Path(__file__).resolve().parents[1]
"""The folder of our packages: a checkout, or `site-packages`."""
_MODELS_IN_WHEEL = "labelferry_models"
"""What `setup.py` calls `data/models` in a wheel."""


def checkout_folder() -> Path | None:
    """The checkout to work in (see above), or None."""
    if _is_checkout(_PACKAGES):
        return _PACKAGES
    try:
        current = Path.cwd()
    except FileNotFoundError:  # it was removed while we run
        return None
    return next((path for path in (current, *current.parents) if _is_checkout(path)), None)


def data_folder() -> Path:
    """The folder of everything that labelferry keeps: a checkout's `data`, or the user's own."""
    checkout = checkout_folder()
    return platformdirs.user_data_path(_PROJECT) if checkout is None else checkout / "data"


def runs_folder() -> Path:
    """The default folder of runs: LABELFERRY_RUNS, else `runs` in the data folder."""
    given = os.environ.get(RUNS_VARIABLE)
    return Path(given) if given else data_folder() / "runs"


def memory_folder() -> Path:
    """The default folder of the translation memory: beside the runs."""
    return runs_folder() / "memory"


def inputs_folder() -> Path:
    """The folder for rows in memory, which are written to files for pipelines: beside the runs."""
    return runs_folder() / "inputs"


def store_folder() -> Path:
    """The folder that `labelferry models add` writes to: LABELFERRY_STORE, else `store` in the
    data folder."""
    given = os.environ.get(STORE_VARIABLE)
    return Path(given) if given else data_folder() / "store"


def shipped_models_folder() -> Path:
    """The folder of the models that labelferry ships with; it is only read."""
    if _is_checkout(_PACKAGES):
        return _PACKAGES / "data" / "models"
    return _PACKAGES / _MODELS_IN_WHEEL


def _is_checkout(folder: Path) -> bool:
    try:
        with (folder / "pyproject.toml").open("rb") as file:
            project = tomllib.load(file).get("project")
    except (OSError, ValueError):  # none, not readable, or not TOML
        return False
    return isinstance(project, dict) and project.get("name") == _PROJECT
