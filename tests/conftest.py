"""What several tests share: a real translation model, and folders of their own for every test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.paths import ROOT
from translators.describing import ModelFacts, describe_folder
from translators.model_card import AlignmentHead, write_card

# Runs, models and Prefect's records of tests never touch those of the user.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("LABELFERRY_SYNC", "0")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small English-German model whose attention may be used for projection.

    The one that ships; else the crude one beside the repository; without either, a skip.
    """
    shipped = sorted((ROOT / "data" / "models").glob("*/labelferry.json"))
    if shipped:
        return shipped[0].parent
    crude = ROOT.parent / "shared" / "models" / "bootstrap-en-de"
    if not crude.is_dir():
        pytest.skip("needs a model in data/models or ../shared/models")
    folder = tmp_path_factory.mktemp("model") / "crude-en-de"
    shutil.copytree(crude, folder, copy_function=shutil.copyfile)
    folder.chmod(0o755)
    write_card(folder, describe_folder(folder, ModelFacts(alignment=AlignmentHead())).card)
    return folder


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that runs and the translation memory of this test go to by default."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("LABELFERRY_RUNS", str(folder))
    return folder
