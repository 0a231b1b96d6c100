"""Models by name and by path, and broken cards."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from corpora.errors import UserError
from translators.adding import GUIDED, add_model
from translators.describing import ModelFacts
from translators.model_card import verify, write_card
from translators.open import open_translator
from translators.store import list_models, remove, resolve


def test_add_list_show_remove(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts(alignment=GUIDED, licence="CC0-1.0"))
    assert info.card.name == "ready-model" and info.path == store.resolve() / "ready-model"
    assert info.card.family == "marian" and set(info.card.targets) == {"de", "en", "fr"}
    assert info.card.alignment == GUIDED and info.card.licence == "CC0-1.0"
    assert info.name == f"ready-model@{info.content_hash[:8]}"
    assert [model.name for model in list_models() if model.path.parent == store.resolve()] == [
        info.name
    ]
    assert resolve("ready-model") == info
    verify(info)
    with pytest.raises(UserError, match="the store has a model 'ready-model'"):
        add_model(str(ready), ModelFacts())
    assert open_translator("ready-model", device="cpu").name == info.name
    remove("ready-model")
    with pytest.raises(UserError, match="no model 'ready-model'"):
        resolve("ready-model")
    assert list(store.iterdir()) == []


def test_a_card_without_hashes_is_broken(store: Path, ready: Path) -> None:
    info = add_model(str(ready), ModelFacts())
    path = info.path / "labelferry.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    for missing in ("model.bin", "source.spm"):
        files = {name: value for name, value in card["files"].items() if name != missing}
        path.write_text(json.dumps(card | {"files": files}), encoding="utf-8")
        with pytest.raises(UserError, match=f"a broken card: no hash of {missing}"):
            resolve("ready-model")


@pytest.mark.parametrize("name", ["../evil", "a/b", "/etc", "", ".hidden", "a" * 200, "x\0y"])
def test_names_stay_in_the_store(store: Path, ready: Path, name: str) -> None:
    with pytest.raises(UserError):
        add_model(str(ready), ModelFacts(name=name))
    with pytest.raises(UserError):
        remove(name)
    assert not store.exists() or list(store.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source_tokenizer": "../../secret.spm"}, "outside the model's folder"),
        ({"family": "gpt"}, "a broken card: family"),
        ({"surprise": 1}, "a broken card: surprise"),
    ],
)
def test_broken_cards(store: Path, ready: Path, change: dict[str, object], message: str) -> None:
    info = add_model(str(ready), ModelFacts(name="m"))
    card = info.path / "labelferry.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(UserError, match=message):
        resolve("m")


def test_default_model(store: Path, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translators.store.shipped_folder", lambda: ready.parent / "none")
    with pytest.raises(UserError, match="labelferry models add"):
        resolve()
    monkeypatch.setenv("LABELFERRY_MODEL", str(ready))
    assert resolve().path == ready.resolve()
    monkeypatch.delenv("LABELFERRY_MODEL")
    shipped = ready.parent / "models"
    shutil.copytree(ready, shipped / "en-de")
    write_card(shipped / "en-de", resolve(ready).card)
    monkeypatch.setattr("translators.store.shipped_folder", lambda: shipped)
    assert resolve().path == (shipped / "en-de").resolve()
    with pytest.raises(UserError, match="cannot be removed"):
        remove("en-de")


@pytest.mark.parametrize("what", ["no/such/folder", "nothing", "x.argosmodel"])
def test_a_model_that_does_not_exist(store: Path, what: str) -> None:
    with pytest.raises(UserError, match=r"no such file or folder|no model"):
        add_model(what, ModelFacts(name="m")) if "/" not in what else resolve(what)
    assert not store.exists() or list(store.iterdir()) == []
