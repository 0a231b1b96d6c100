"""Where tests find data that does not ship with the repository."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_data(name: str) -> Path:
    """A file of the data folder beside the repository; the test is skipped without it."""
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"needs {name} in ../shared/data")
    return path
