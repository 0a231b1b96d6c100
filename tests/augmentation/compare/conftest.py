"""Corpora that strategies are compared on."""

from pathlib import Path

import pytest

from tests.helpers.compare_runs import write_compare_corpora


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a source's and a target's training and test sets."""
    return write_compare_corpora(tmp_path)
