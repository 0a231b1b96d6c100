from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translators import tiny
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import AlignmentHead, ModelInfo, write_card

CPU = Hardware(device="cpu", threads=(1, 1))

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "marian": tiny.make_marian_model,
    "marian-multi": lambda folder: tiny.make_marian_model(
        folder, tags=(">>deu<<", ">>eng<<", ">>fra<<")
    ),
    "marian-pad": lambda folder: tiny.make_marian_model(folder, zero_pad=False),
    "nllb": tiny.make_nllb_model,
    "m2m100": tiny.make_m2m100_model,
    "mbart50": tiny.make_mbart50_model,
    "madlad": tiny.make_t5_model,
    "t5": lambda folder: tiny.make_t5_model(folder, prompts=True),
}


@pytest.fixture(scope="session")
def hf_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny `transformers` folder of a family, made once a session."""
    pytest.importorskip("torch")
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


@pytest.fixture(scope="session")
def engine(ct2_model: Callable[[str], ModelInfo]) -> Engine:
    """A multi-target Marian model with a (random) alignment head, on the CPU."""
    return Engine(ct2_model("marian-multi"), Hardware(device="cpu", threads=(2, 1)))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model store of the test's own."""
    folder = tmp_path / "store"
    monkeypatch.setenv("LABELFERRY_STORE", str(folder))
    monkeypatch.delenv("LABELFERRY_MODEL", raising=False)
    return folder


@pytest.fixture(scope="session")
def late_engine(engine: Engine) -> Engine:
    """The same model, its attention said to be a step late."""
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
