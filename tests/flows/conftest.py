"""One Prefect server for all tests of flows, as starting one takes seconds; inputs of toy runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.compare_runs import write_compare_corpora
from tests.helpers.translate_test_runs import write_city_requests


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A server in a folder of its own, without telemetry, log noise and waiting."""
    from prefect.settings import (
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_HOME,
        PREFECT_LOGGING_LEVEL,
        PREFECT_SERVER_ANALYTICS_ENABLED,
        temporary_settings,
    )
    from prefect.testing.utilities import prefect_test_harness

    folder: Path = tmp_path_factory.mktemp("prefect")
    settings = {
        PREFECT_HOME: folder,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        PREFECT_SERVER_ANALYTICS_ENABLED: False,
        PREFECT_LOGGING_LEVEL: "ERROR",
    }
    with temporary_settings(settings), prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of labelled German rows for translate-test."""
    return write_city_requests(tmp_path / "in.jsonl")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the corpora of a comparison."""
    return write_compare_corpora(tmp_path)
