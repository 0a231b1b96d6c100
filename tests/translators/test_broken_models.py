"""Models that are damaged or were made to do harm: one line that names the file."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="making a model needs the torch extra")

from flows.cli.main import main
from translators.ct2_weights import read_variables
from translators.model_card import ModelInfo

Add = Callable[..., str]


@pytest.fixture
def refused(store: Path, capsys: pytest.CaptureFixture[str]) -> Add:
    """Add a folder, which must be refused; gives the one line of the error."""

    def add(folder: Path, *options: str) -> str:
        capsys.readouterr()
        assert main(["models", "add", str(folder), "--name", "m", *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("labelferry: error: ") and err.count("\n") == 1, err
        assert not store.exists() or list(store.iterdir()) == []
        return err

    return add


@pytest.fixture
def marian(hf_folder: Callable[[str], Path], tmp_path: Path) -> Path:
    """A `transformers` folder of a Marian model."""
    shutil.copytree(hf_folder("marian"), tmp_path / "hf")
    return tmp_path / "hf"


def change_json(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("config.json", b"[]", "no JSON object"),
        ("config.json", b"\xff", "config.json: not a configuration"),
        ("vocab.json", b"5", "cannot convert"),
        ("vocab.json", b"\xff\xfe", "cannot convert"),
        ("source.spm", bytes(range(256)) * 40, "hf"),
        ("target.spm", b"", "hf"),
        ("tokenizer_config.json", b"[1]", "hf"),
        ("model.safetensors", b"\0" * 100, "model.safetensors: not whole safetensors"),
    ],
)
def test_damaged_files_of_a_model_to_convert(
    refused: Add, marian: Path, name: str, content: bytes, problem: str
) -> None:
    (marian / name).write_bytes(content)
    assert problem in refused(marian)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"architectures": 5}, "architectures must be a list of names, not '5'"),
        ({"architectures": [["x"]]}, "architectures must be a list of names"),
        ({"model_type": 5}, "hf"),
        ({"vocab_size": 2**40}, "vocab_size is 1099511627776, but"),
        ({"decoder_layers": 10**6}, "decoder_layers is 1000000, but"),
        ({"pad_token_id": "x"}, "hf"),
    ],
)
def test_odd_configurations(
    refused: Add, marian: Path, values: dict[str, Any], problem: str
) -> None:
    change_json(marian / "config.json", **values)
    assert problem in refused(marian)


def test_an_index_that_leads_to_a_pickle(refused: Add, marian: Path) -> None:
    (marian / "model.safetensors").rename(marian / "other.safetensors")
    (marian / "pytorch_model.bin").touch()
    index = {"metadata": {}, "weight_map": {"a": "pytorch_model.bin"}}
    (marian / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert "index.json: maps to 'pytorch_model.bin'" in refused(marian)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("shared_vocabulary.json", b"5", "shared_vocabulary.json: not a vocabulary: it must be"),
        ("shared_vocabulary.json", b"[1]", "shared_vocabulary.json: not a vocabulary: it must be"),
        ("shared_vocabulary.json", b'["\xff"]', "shared_vocabulary.json: not a vocabulary: 'utf-8"),
        ("shared_vocabulary.json", b'{"a": 1}', "shared_vocabulary.json: not a vocabulary"),
        ("source.spm", bytes(range(256)) * 40, "source.spm: not a SentencePiece model"),
        ("source.spm", b"", "source.spm: not a SentencePiece model"),
        ("target.spm", b"\0" * 99, "target.spm: not a SentencePiece model"),
        ("model.bin", b"", "model.bin: not a CTranslate2 model: it ends too early"),
        ("model.bin", b"\xff" * 1000, "model.bin: not a CTranslate2 model: binary version"),
        ("config.json", b"5", "ready-model: not a model that CTranslate2 can use"),
        ("config.json", b"\xff", "ready-model: not a model that CTranslate2 can use"),
    ],
)
def test_damaged_files_of_a_ready_model(
    refused: Add, ready: Path, name: str, content: bytes, problem: str
) -> None:
    (ready / name).write_bytes(content)
    assert problem in refused(ready, "--source", "en")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite(refused: Add, ready: Path, value: float) -> None:
    path = ready / "model.bin"
    weights = read_variables(path)["encoder/layer_0/ffn/linear_0/weight"].astype("<f4").tobytes()
    content = path.read_bytes()
    assert content.count(weights) == 1
    path.write_bytes(content.replace(weights, struct.pack("<f", value) + weights[4:]))
    problem = "linear_0/weight' has numbers that are NaN or infinite"
    assert problem in refused(ready, "--source", "en")


@pytest.mark.parametrize(
    "card",
    [b"5", b"[]", b"{}", b"\xff", b'{"name": 5}', None],
)
def test_a_damaged_card_in_the_store(
    ct2_model: Callable[[str], ModelInfo],
    store: Path,
    capsys: pytest.CaptureFixture[str],
    card: bytes | None,
) -> None:
    shutil.copytree(ct2_model("marian-multi").path, store / "m")
    if card is None:
        change_json(store / "m" / "labelferry.json", max_source_pieces=10**18)
    else:
        (store / "m" / "labelferry.json").write_bytes(card)
    for command in (["models", "show", "m"], ["translate", "--model", "m", "--source", "en",
                    "--target", "de", "/dev/null"]):  # fmt: skip
        assert main(command) == 2
        err = capsys.readouterr().err
        assert "labelferry.json: a broken card" in err and err.count("\n") == 1


def test_a_changed_byte_in_a_stored_model_is_named(
    ct2_model: Callable[[str], ModelInfo], store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    info = ct2_model("marian-multi")
    shutil.copytree(info.path, store / "m")
    for name in info.card.files:
        path = store / "m" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        assert main(["translate", "--model", "m", "--source", "en", "--target", "de",
                     str(store / "none")]) == 2  # fmt: skip
        capsys.readouterr()
        assert main(["models", "show", "m"]) == 2
        assert f"{name}: the file is not the one that the model's card names" in (
            capsys.readouterr().err
        )
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    (store / "m" / "model.bin").unlink()
    (store / "m" / "model.bin").symlink_to(info.path / "model.bin")
    assert main(["models", "show", "m"]) == 2
    assert "model.bin: a link" in capsys.readouterr().err
    shutil.rmtree(store / "m")
    (store / "m").symlink_to(info.path)
    assert main(["models", "remove", "m"]) == 0
    assert (info.path / "model.bin").is_file() and not (store / "m").exists()
