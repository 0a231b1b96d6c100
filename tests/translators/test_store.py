"""Models by name and by path, and broken cards."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from flows.cli.main import main
from translators.adding import GUIDED, add_model
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.model_card import ModelInfo, read_card, verify, write_card
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
    card = read_card(path).model_dump(mode="json")
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
    card.write_text(json.dumps(info.card.model_dump(mode="json") | change))
    with pytest.raises(UserError, match=message):
        resolve("m")


def test_a_card_that_was_changed(store: Path, ready: Path) -> None:
    card = add_model(str(ready), ModelFacts(name="m")).path / "labelferry.json"
    values = json.loads(card.read_text(encoding="utf-8"))
    changed = values | {"max_source_pieces": values["max_source_pieces"] + 1}
    card.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(UserError, match="not as it was written; add the model again, or take"):
        resolve("m")
    changed.pop("record_checksum")
    card.write_text(json.dumps(changed), encoding="utf-8")
    assert resolve("m").card.max_source_pieces == changed["max_source_pieces"]


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


def test_a_broken_card_does_not_end_the_list(
    store: Path, ready: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c"):
        add_model(str(ready), ModelFacts(name=name))
    (store / "b" / "labelferry.json").write_text("{")
    assert main(["models", "list"]) == 0
    shown = capsys.readouterr()
    listed = [line.split()[0] for line in shown.out.splitlines()]
    assert "a" in listed and "c" in listed and "b" not in listed
    assert shown.err.startswith(f"left out: {store / 'b' / 'labelferry.json'}: a broken card")
    assert shown.err.count("\n") == 1
    with pytest.raises(UserError, match="no model 'd'") as caught:
        resolve("d")
    assert {"a", "c"} <= set(caught.value.choices or ())
    remove("b")
    assert not (store / "b").exists()


def test_several_sources_and_codes(
    store: Path,
    ready: Path,
    ct2_model: Callable[[str], ModelInfo],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Many to one, as OPUS has it, and two codes for one language."""
    plain = ready.parent / "plain"
    shutil.copytree(ct2_model("marian").path, plain)
    (plain / "labelferry.json").unlink()
    command = ["models", "add", str(plain), "--family", "marian", "--target", "en"]
    assert main([*command, "--source", "fr", "--source", "spa", "--source", "it"]) == 0
    card = resolve("plain").card
    assert card.pairs == (("fr", "en"), ("es", "en"), ("it", "en"))
    assert main([*command, "--source", "fr", "--target", "de", "--name", "x"]) == 2
    assert "give one --target" in capsys.readouterr().err
    path = ready / "shared_vocabulary.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(">>fra<<", ">>pob<<").replace(">>eng<<", ">>pt_BR<<"))
    assert main(["models", "add", str(ready), "--source", "en"]) == 0
    note = "note: the model has several codes for one language: pt is pt_BR, pt-BR is pob\n"
    assert capsys.readouterr().err == note
    assert main(["models", "show", "ready-model"]) == 0
    assert "codes         pt is pt_BR, pt-BR is pob\n" in capsys.readouterr().out
    engine = open_translator("ready-model", device="cpu")
    assert isinstance(engine, Engine)
    for target, code in {"pt-BR": "pob", "pob": "pob", "pt_BR": "pt_BR", "pt": "pt_BR"}.items():
        assert engine.tokens(["A"], "en", target)[0][0] == f">>{code}<<"
    with pytest.raises(UserError, match="does not know the language 'nl'"):
        add_model(str(ready), ModelFacts(name="y", target="nl"))
    assert set(add_model(str(ready), ModelFacts(name="y", target="pt")).card.targets) == {"pt"}
