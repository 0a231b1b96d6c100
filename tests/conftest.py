"""What tests of several packages share: models, folders of a test, the toy translator."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests.helpers.paths import ROOT
from translators.describing import ModelFacts, describe_folder
from translators.model_card import AlignmentHead, ModelInfo, write_card

if TYPE_CHECKING:
    from tests.helpers.toy_translator import ToyTranslator

# A shell has what it runs in the background ignore Ctrl-C, and what that starts would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ToyTranslator:
    """The toy translator, by which all runs of this test are translated."""
    from tests.helpers.toy_translator import translate_by_toy

    return translate_by_toy(monkeypatch)


@pytest.fixture(scope="session")
def trained_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that the command trained, once for all workers; the steps' folder is
    beside it."""
    from flows.cli.main import main
    from tests.helpers.swapped_words import make_swapped_pairs, train_command, write_tsv

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # that of all workers
    folder = base / "trained"
    with FileLock(base / "trained.lock"):
        if not (folder / "done").exists():
            folder.mkdir()
            bitext = write_tsv(folder / "train.tsv", [*make_swapped_pairs(600), ("mira", "...")])
            assert main(train_command(bitext, folder / "model")) == 0
            (folder / "done").touch()
    return folder / "model"


@pytest.fixture(scope="session")
def hf_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny `transformers` folder of a family, made once a session."""
    pytest.importorskip("torch")
    from tests.helpers.tiny_translators import FAMILIES

    root = tmp_path_factory.mktemp("hf")

    def make(family: str) -> Path:
        folder = root / family
        return folder if folder.is_dir() else FAMILIES[family](folder)

    return make


@pytest.fixture(scope="session")
def ct2_model(
    hf_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], ModelInfo]:
    """A tiny model of a family converted to float32, with a card."""
    from translators.conversion.convert import convert
    from translators.conversion.describe import describe_converted

    root = tmp_path_factory.mktemp("ct2")

    def make(family: str) -> ModelInfo:
        from translators.store import read_model

        out = root / family
        if not (out / "labelferry.json").is_file():
            head = AlignmentHead() if family.startswith("marian") else None
            folder = hf_folder(family)
            convert(folder, out, "float32", head)
            pair = ("en", "de") if family in ("marian", "marian-pad") else (None, None)
            facts = ModelFacts(name=family, source=pair[0], target=pair[1], alignment=head)
            write_card(out, describe_converted(folder, out, "float32", facts).card)
        return read_model(out)

    return make


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model store of the test's own."""
    folder = tmp_path / "store"
    monkeypatch.setenv("LABELFERRY_STORE", str(folder))
    monkeypatch.delenv("LABELFERRY_MODEL", raising=False)
    return folder
