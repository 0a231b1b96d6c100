"""Folders without a card."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import CPU
from translators.adding import add_model
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.model_card import ModelInfo
from translators.store import resolve


def test_a_ready_folder_is_used_unchanged(store: Path, ready: Path) -> None:
    info = resolve(ready)
    assert info.card.family == "marian" and info.card.alignment is None
    assert not list(ready.glob("labelferry.json"))


def test_an_unclear_folder_names_the_missing_flag(
    store: Path, ct2_model: Callable[[str], ModelInfo], tmp_path: Path
) -> None:
    shutil.copytree(ct2_model("marian").path, tmp_path / "m")
    (tmp_path / "m" / "labelferry.json").unlink()
    with pytest.raises(UserError, match="--family"):
        resolve(tmp_path / "m")
    with pytest.raises(UserError, match="--source and --target"):
        add_model(str(tmp_path / "m"), ModelFacts(family="marian"))
    with pytest.raises(UserError, match="no language tokens of the family 'nllb'"):
        add_model(str(tmp_path / "m"), ModelFacts(family="nllb"))
    info = add_model(str(tmp_path / "m"), ModelFacts(family="marian", source="en", target="deu"))
    assert info.card.pairs == (("en", "de"),)
    assert [path.name for path in store.iterdir()] == ["m"]


def test_ct2_family_gives_pieces_alone(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(family="ct2", source="en", target="de"))
    tokens = Engine(info, CPU).tokens(["man"], "en", "de")[0]
    assert "".join(tokens) == "▁man"


def test_missing_tokenizer(store: Path, ready: Path) -> None:
    (ready / "source.spm").unlink()
    with pytest.raises(UserError, match="lacks its tokenizer"):
        resolve(ready)
    with pytest.raises(UserError, match=f"^{ready}: the model folder lacks its tokenizer"):
        add_model(str(ready), ModelFacts(name="m"))
