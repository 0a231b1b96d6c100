"""What needs Linux or macOS says so in one line."""

from __future__ import annotations

import pytest

from corpora import posix
from corpora.errors import UserError
from flows.environment import Prefect
from trainers.command import CommandPredictor
from trainers.crf import CrfTrainer


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix, "IS_POSIX", False)


def test_a_predictor_that_is_a_command() -> None:
    with pytest.raises(UserError, match=r"is a command needs Linux or macOS"):
        CommandPredictor("python x.py").arguments()


def test_training_a_crf() -> None:
    with pytest.raises(UserError, match=r"training a CRF needs Linux or macOS"):
        CrfTrainer().fit([])


def test_the_server_of_one_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LABELFERRY_RUNS", str(home / "runs"))
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "PREFECT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UserError, match=r"--no-prefect works without\) needs Linux or macOS"):
        Prefect()
