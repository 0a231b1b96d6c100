"""Rows that translate-test runs on."""

from pathlib import Path

import pytest

from tests.helpers.translate_test_runs import write_city_requests


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of labelled German rows."""
    return write_city_requests(tmp_path / "in.jsonl")
