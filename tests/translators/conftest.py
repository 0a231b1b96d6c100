from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo


@pytest.fixture(scope="session")
def engine(ct2_model: Callable[[str], ModelInfo]) -> Engine:
    """A multi-target Marian model with a (random) alignment head, on the CPU."""
    return Engine(ct2_model("marian-multi"), Hardware(device="cpu", threads=(2, 1)))


@pytest.fixture(scope="session")
def late_engine(engine: Engine) -> Engine:
    """The same model, with a card that says its attention is a step late."""
    card = engine.info.card
    assert card.alignment is not None
    head = card.alignment.model_copy(update={"shift": 1})
    info = dataclasses.replace(engine.info, card=card.model_copy(update={"alignment": head}))
    return Engine(info, Hardware(device="cpu", threads=(2, 1)), verified=True)


@pytest.fixture
def ready(ct2_model: Callable[[str], ModelInfo], tmp_path: Path) -> Path:
    """A multi-target Marian folder without a card."""
    folder = tmp_path / "ready-model"
    shutil.copytree(ct2_model("marian-multi").path, folder)
    (folder / "labelferry.json").unlink()
    return folder


@pytest.fixture(autouse=True)
def _no_trials(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tests of broken models try every model that is added: a process takes a second."""
    if not request.module.__name__.endswith("test_broken_models"):
        monkeypatch.setattr("translators.adding.try_model", lambda info, called: None)
