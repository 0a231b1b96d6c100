"""Weights that are not those of a whole model are refused, and nothing is stored."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="converting a model needs the torch extra")

import torch
from safetensors.torch import load_file, save_file

from corpora.errors import UserError
from flows.cli.main import main
from tests.helpers.odd_translators import edit_json
from translators.adding import add_model
from translators.describing import ModelFacts

EN_DE = ModelFacts(name="m", source="en", target="de")
FC1 = "model.decoder.layers.1.fc1.weight"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"


@pytest.fixture
def folder(hf_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    """A Marian model that a test may spoil."""
    return Path(shutil.copytree(hf_folder("marian"), tmp_path / "opus"))


def change_weights(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    path = folder / "model.safetensors"
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def set_one(weights: dict[str, Any], value: float) -> dict[str, Any]:
    weights[FC1][3, 4] = value
    return weights


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda w: {f"module.{name}": value for name, value in w.items()},
            r"the weights lack the tensor 'model\.decoder\.\S+', only 'module\.model\.decoder\.",
        ),
        (
            lambda w: {name: value for name, value in w.items() if name != FC1},
            rf"the weights lack the tensor '{FC1}'$",
        ),
        (lambda w: set_one(w, float("nan")), rf"the tensor '{FC1}' has numbers that are NaN or"),
        (lambda w: set_one(w, float("-inf")), rf"the tensor '{FC1}' has numbers that are NaN or"),
        (
            lambda w: w | {FC1: w[FC1][:3].clone()},
            rf"the tensor '{FC1}' has the shape 3 × 32, where config\.json asks for 64 × 32",
        ),
        (
            lambda w: w | {FC1.replace("1.fc1", "2.fc1"): w[FC1].clone()},
            r"the tensor 'model\.decoder\.layers\.2\.fc1\.weight' is of a layer that config\.json",
        ),
        (
            lambda w: {"base_model.model.fc1.lora_A.default.weight": torch.zeros(2, 2)},
            r"the weights of an adapter \(LoRA\).*'base_model\.model\.fc1\.lora_A\.default\.",
        ),
    ],
)
def test_the_file_and_the_tensor_are_named(
    store: Path, folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]], message: str
) -> None:
    change_weights(folder, change)
    with pytest.raises(UserError, match=message) as caught:
        add_model(str(folder), EN_DE)
    assert caught.value.file == str(folder / "model.safetensors")
    assert list(store.iterdir()) == []


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "vocab.json"])
def test_pointers_of_git_lfs(store: Path, folder: Path, name: str) -> None:
    (folder / name).write_text(POINTER)
    with pytest.raises(UserError, match=rf"{name}: a pointer of Git LFS.*git lfs pull"):
        add_model(str(folder), EN_DE)
    assert list(store.iterdir()) == []


def test_an_adapter_is_no_model(
    store: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "x/y"}')
    for _ in range(2):
        assert main(["models", "add", str(folder), "--source", "en", "--target", "de"]) == 2
        error = capsys.readouterr().err
        assert "adapter_config.json: an adapter (LoRA), not a model" in error
        assert error.count("\n") == 1
        (folder / "config.json").unlink(missing_ok=True)
    assert list(store.iterdir()) == []


def test_a_file_that_was_cut_off(store: Path, folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model\.safetensors: not whole safetensors"):
        add_model(str(folder), EN_DE)


def test_a_model_in_several_files_of_which_one_lacks_a_tensor(store: Path, folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    path.unlink()
    index = {"metadata": {}, "weight_map": dict.fromkeys(weights, "part-1.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    last = weights.pop(FC1)
    save_file(weights, folder / "part-1.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=rf"part-1\.safetensors: it has no tensor '{FC1}'"):
        add_model(str(folder), EN_DE)
    save_file(weights | {FC1: last}, folder / "part-1.safetensors", metadata={"format": "pt"})
    assert add_model(str(folder), EN_DE).card.name == "m"


def test_a_configuration_of_another_size(store: Path, folder: Path) -> None:
    edit_json(folder / "config.json", decoder_ffn_dim=48)
    with pytest.raises(UserError, match=r"the shape 64( × 32)?, where config\.json asks for 48"):
        add_model(str(folder), EN_DE)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_ready_model_with_numbers_that_are_not(store: Path, ready: Path, value: float) -> None:
    """Two numbers of an array, whose name and shape stand before them in the file."""
    data = (ready / "model.bin").read_bytes()
    name = b"decoder/layer_0/ffn/linear_0/weight\0"
    at = data.index(name) + len(name) + 14 + 80
    (ready / "model.bin").write_bytes(
        data[:at] + np.float32([value] * 2).tobytes() + data[at + 8 :]
    )
    with pytest.raises(UserError, match=r"the array 'decoder/layer_0/ffn/linear_0/weight' has num"):
        add_model(str(ready), ModelFacts())
    (ready / "model.bin").write_bytes(data[:-50])
    with pytest.raises(UserError, match=r"model\.bin: not a CTranslate2 model: it ends too early"):
        add_model(str(ready), ModelFacts())
    (ready / "model.bin").write_text(POINTER)
    with pytest.raises(UserError, match=re.escape("a pointer of Git LFS")):
        add_model(str(ready), ModelFacts())
    assert list(store.iterdir()) == []
