"""Labelled rows as every kind of data that the public functions take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.labelled_data import KINDS, LabelledData


@pytest.fixture(params=KINDS)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The rows as data of one kind after the other."""
    make: Callable[[], Any] = getattr(LabelledData(tmp_path), request.param)
    return make()


@pytest.fixture
def labelled_data(tmp_path: Path) -> LabelledData:
    """The rows, for tests that take one kind of data or some."""
    return LabelledData(tmp_path)
