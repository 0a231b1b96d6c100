"""Weights of models that anyone may have made: what is not safe, whole and finite is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from corpora.errors import UserError
from corpora.weights import INDEX, check_weights

CONFIG = {"vocab_size": 20, "d_model": 8, "encoder_layers": 1, "max_position_embeddings": 512}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a model in two files and an index."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for name, file in names.items():
        save_file({name: np.ones((20, 8), np.float32)}, folder / file)
    write_index(folder, names)
    return folder


def write_index(folder: Path, names: Any) -> None:
    text = json.dumps({"metadata": {}, "weight_map": names})
    (folder / INDEX).write_text(text, encoding="utf-8")


def test_whole_safetensors_pass(model: Path) -> None:
    check_weights(model)
    save_file({"a": np.ones((20, 8), np.float16)}, model / "model.safetensors")
    (model / INDEX).unlink()
    (model / "pytorch_model.bin").write_bytes(b"a pickle that nothing reads")
    check_weights(model)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("pytorch_model.bin", "maps to 'pytorch_model.bin': weights must be .safetensors"),
        ("x.safetensors.bin", "weights must be .safetensors"),
        ("../other.safetensors", "not in the model's folder"),
        ("/etc/x.safetensors", "not in the model's folder"),
        ("sub/x.safetensors", "not in the model's folder"),
        ("..\\x.safetensors", "not in the model's folder"),
        (".safetensors", "not in the model's folder"),
        ("none.safetensors", "not there: none.safetensors"),
        (5, "maps to 5"),
    ],
)
def test_an_index_stays_in_the_folder(model: Path, name: Any, problem: str) -> None:
    save_file({"b": np.ones(3, np.float32)}, model.parent / "other.safetensors")
    write_index(model, {"a": "model-00001-of-00002.safetensors", "b": name})
    with pytest.raises(UserError, match=problem) as caught:
        check_weights(model)
    assert str(model / INDEX) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["5", "[]", "{}", '{"weight_map": []}', "{", "\ufeff{}", "[" * 100_000]
)
def test_an_index_that_is_none(model: Path, text: str) -> None:
    (model / INDEX).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="not an index of weights"):
        check_weights(model)


def test_links_out_of_the_folder_are_refused(model: Path, tmp_path: Path) -> None:
    shard = model / "model-00002-of-00002.safetensors"
    shard.rename(tmp_path / "elsewhere.safetensors")
    shard.symlink_to(tmp_path / "elsewhere.safetensors")
    with pytest.raises(UserError, match=f"{shard.name}: a link"):
        check_weights(model)


def test_pickles_alone_are_refused_by_name(model: Path) -> None:
    for file in model.glob("*.safetensors*"):
        file.unlink()
    with pytest.raises(UserError, match=r"no weights: model\.safetensors is needed"):
        check_weights(model)
    (model / "pytorch_model.bin").touch()
    with pytest.raises(UserError, match=r"only pickled weights \(pytorch_model.bin\)"):
        check_weights(model)


def test_a_configuration_may_name_no_weights(model: Path) -> None:
    text = json.dumps(CONFIG | {"transformers_weights": "pytorch_model.bin"})
    (model / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="delete 'transformers_weights'"):
        check_weights(model)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["F16", "F32", "F64", "BF16"])
def test_numbers_must_be_finite(model: Path, value: float, dtype: str) -> None:
    path = model / "model-00001-of-00002.safetensors"
    numbers = np.ones((20, 8), "f4")
    raw = {"F16": "f2", "F64": "f8"}.get(dtype, "f4")
    for spoilt in (False, True):
        numbers[19, 7] = value if spoilt else 3e38 if dtype == "BF16" else 6e4
        data = numbers.astype(raw).tobytes()
        if dtype == "BF16":
            data = (numbers.view("u4") >> 16).astype("u2").tobytes()
        write_tensor(path, dtype, (20, 8), data)
        if not spoilt:
            check_weights(model)
    with pytest.raises(UserError, match="'a' has numbers that are NaN or infinite"):
        check_weights(model)


def write_tensor(path: Path, dtype: str, shape: tuple[int, ...], data: bytes) -> None:
    header = {"a": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(data)]}}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:7],
        lambda data: b"",
        lambda data: data + b"\0",
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: (2**40).to_bytes(8, "little") + data[8:],
        lambda data: data.replace(b"[20,8]", b"[99,8]"),
        lambda data: data.replace(b"F32", b"I64"),
        lambda data: b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_damaged_safetensors(model: Path, damage: Callable[[bytes], bytes]) -> None:
    path = model / "model-00001-of-00002.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match=f"{path.name}: not whole safetensors"):
        check_weights(model)


@pytest.mark.parametrize(
    ("setting", "problem"),
    [
        ({"vocab_size": 2**40}, "vocab_size is 1099511627776, but the weights have room for 20"),
        ({"d_model": 10**9}, "d_model is 1000000000"),
        ({"encoder_layers": 1_000_000}, "encoder_layers is 1000000, but .* room for 2"),
        ({"max_position_embeddings": 10**12}, "max_position_embeddings"),
        ({"decoder_ffn_dim": -1}, "decoder_ffn_dim is -1"),
        ({"hidden_size": "x"}, "hidden_size must be a number"),
        ({"num_heads": [1]}, "num_heads must be a number"),
        ({"decoder": {"vocab_size": 10**10}}, "vocab_size is 10000000000"),
    ],
)
def test_a_network_is_no_larger_than_its_weights(
    model: Path, setting: dict[str, Any], problem: str
) -> None:
    (model / "config.json").write_text(json.dumps(CONFIG | setting), encoding="utf-8")
    with pytest.raises(UserError, match=rf"config\.json: {problem}"):
        check_weights(model)


@pytest.mark.parametrize("text", [b"[]", b"5", b"\xff\xfe", b"{", b"[" * 100_000])
def test_a_configuration_that_is_none(model: Path, text: bytes) -> None:
    (model / "config.json").write_bytes(text)
    with pytest.raises(UserError, match=r"config\.json: not a configuration"):
        check_weights(model)


def test_the_index_of_a_hub_id_is_checked_before_its_files(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked = []

    def download(model_id: str, name: str, revision: str | None) -> str:
        asked.append((model_id, name, revision))
        return str(model / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    check_weights("owner/name", "abc")
    assert asked == [("owner/name", INDEX, "abc")]
    write_index(model, {"a": "pytorch_model.bin"})
    with pytest.raises(UserError, match=r"weights must be \.safetensors"):
        check_weights("owner/name")
    shutil.rmtree(model)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: open(model))  # noqa: PTH123, SIM115
    check_weights("owner/name")
