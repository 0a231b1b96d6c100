"""Models from the hub, which is played by a stand-in."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from translators.adding import add_model
from translators.conversion import hub
from translators.describing import ModelFacts


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
