from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translators import tiny
from translators.engine import Engine, Hardware
from translators.store import AlignmentHead, ModelFacts, ModelInfo, write_card

FAMILIES: dict[str, Callable[[Path], Path]] = {
    "marian": tiny.make_marian,
    "marian-multi": lambda folder: tiny.make_marian(folder, tags=(">>deu<<", ">>eng<<", ">>fra<<")),
    "marian-pad": lambda folder: tiny.make_marian(folder, zero_pad=False),
    "nllb": tiny.make_nllb,
    "m2m100": tiny.make_m2m,
    "mbart50": tiny.make_mbart,
    "madlad": tiny.make_t5,
    "t5": lambda folder: tiny.make_t5(folder, prompts=True),
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
    from translators.conversion import convert, describe_converted

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
