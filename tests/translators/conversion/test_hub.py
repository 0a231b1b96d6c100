"""Models from the hub, which is played by a stand-in."""

from __future__ import annotations

import shutil
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from flows.cli.main import main
from translators.adding import add_model
from translators.conversion import hub
from translators.describing import ModelFacts
from translators.model_card import ModelCard
from translators.store import list_models


def test_hub_models_are_pinned_to_a_commit(
    store: Path, hf_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    requested: dict[str, object] = {}
    files = [types.SimpleNamespace(rfilename="model.safetensors")]

    class Api:
        def model_info(self, hub_id: str, revision: str | None) -> object:
            requested["revision"] = revision
            return types.SimpleNamespace(sha="c0ffee", siblings=files)

    def snapshot(hub_id: str, revision: str, allow_patterns: list[str]) -> str:
        requested.update(commit=revision, patterns=allow_patterns)
        return str(hf_folder("marian"))

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    facts = ModelFacts(source="en", target="de")
    info = add_model("Owner/opus-en-de", facts, revision="refs/pr/2")
    assert (info.card.name, info.card.origin) == ("opus-en-de", "Owner/opus-en-de")
    assert info.card.revision == "c0ffee" and requested["commit"] == "c0ffee"
    assert requested["revision"] == "refs/pr/2"
    assert not any("bin" in str(p) or "py" in str(p) for p in requested["patterns"])  # type: ignore[attr-defined]
    files[0].rfilename = "pytorch_model.bin"
    with pytest.raises(UserError, match="no safetensors at revision main"):
        hub.download("Owner/opus-en-de", None)


def test_a_hub_out_of_reach(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"cannot fetch Owner/opus-en-de from the hub: .*refused"):
        add_model("Owner/opus-en-de", ModelFacts(source="en", target="de"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache on this machine; the hub itself is out of reach."""
    folder = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    return folder


def put_into_cache(cache: Path, hub_id: str, model: Path, commit: str = "c0ffee" * 6) -> Path:
    """Lay out the files of the folder `model` as the hub's client does: links to blobs."""
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    for number, path in enumerate(sorted(model.iterdir())):
        blob = repository / "blobs" / f"{number:040x}"
        shutil.copyfile(path, blob)
        (snapshot / path.name).symlink_to(Path("..") / ".." / "blobs" / blob.name)
    return snapshot


def test_a_model_of_the_cache_while_the_hub_is_out_of_reach(
    store: Path,
    cache: Path,
    hf_folder: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    snapshot = put_into_cache(cache, "Owner/opus-en-de", hf_folder("marian"))
    command = ["models", "add", "Owner/opus-en-de", "--source", "en", "--target", "de"]
    assert main(command) == 0
    assert "note: the hub is out of reach: this is commit c0ffeec0" in capsys.readouterr().err
    by_id = hub_cards(store)["opus-en-de"]
    assert (by_id.origin, by_id.revision) == ("Owner/opus-en-de", snapshot.name)
    facts = ModelFacts(source="en", target="de")
    for number, path in enumerate((snapshot, snapshot.parent.parent)):
        add_model(str(path), ModelFacts(name=f"m{number}", source="en", target="de"))
        card = hub_cards(store)[f"m{number}"]
        assert card.model_copy(update={"name": by_id.name}) == by_id
    with pytest.raises(UserError, match="the store has a model 'opus-en-de'"):
        add_model(str(snapshot), facts)
    with pytest.raises(UserError, match="cannot fetch Owner/opus-en-de from the hub"):
        add_model("Owner/opus-en-de", ModelFacts(name="x"), revision="v2")
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot fetch Owner/opus-en-de from the hub"):
        add_model("Owner/opus-en-de", ModelFacts(name="x", source="en", target="de"))


def hub_cards(store: Path) -> dict[str, ModelCard]:
    return {info.card.name: info.card for info in list_models() if info.path.parent == store}


def test_a_ready_repository(
    store: Path, cache: Path, ready: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It needs no PyTorch, and its files are links to blobs."""
    import sys

    import huggingface_hub

    snapshot = put_into_cache(cache, "Owner/opus-ct2", ready)
    files = [types.SimpleNamespace(rfilename=path.name) for path in ready.iterdir()]
    info = types.SimpleNamespace(sha=snapshot.name, siblings=files)
    api = types.SimpleNamespace(model_info=lambda hub_id, revision: info)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(snapshot))
    monkeypatch.setitem(sys.modules, "torch", None)
    added = add_model("Owner/opus-ct2", ModelFacts())
    assert (added.card.origin, added.card.revision) == ("Owner/opus-ct2", snapshot.name)
    assert set(added.card.targets) == {"de", "en", "fr"} and added.card.quantization is None
    names = {path.name for path in added.path.iterdir() if not path.is_symlink()}
    assert {"model.bin", "source.spm", "shared_vocabulary.json"} <= names
    with pytest.raises(UserError, match="converted already: add it without --quantization"):
        add_model("Owner/opus-ct2", ModelFacts(name="x"), quantization="int8")
