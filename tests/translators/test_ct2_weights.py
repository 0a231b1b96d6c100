"""Weights come back out of a converted model: exactly in float32, to half a step in int8."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="making a model needs the torch extra")

from safetensors.numpy import load_file

from corpora.errors import UserError
from translators.conversion.convert import convert
from translators.ct2_weights import marian_weights, read_variables


@pytest.fixture(scope="module")
def marian(hf_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny model, converted to each quantization that a model may have."""
    folder = tmp_path_factory.mktemp("weights")
    (folder / "hf").symlink_to(hf_folder("marian"))
    for quantization in ("float32", "float16", "bfloat16", "int8", "int16"):
        convert(folder / "hf", folder / quantization, quantization)
    return folder


def original(marian: Path) -> dict[str, np.ndarray]:
    weights = load_file(marian / "hf" / "model.safetensors")
    return {n: w for n, w in weights.items() if "embed_positions" not in n and "logits" not in n}


def test_float32_is_exact(marian: Path) -> None:
    weights, expected = marian_weights(marian / "float32" / "model.bin"), original(marian)
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(weights[name], value, err_msg=name)


@pytest.mark.parametrize(
    ("quantization", "step"),
    [("float16", 2**-11), ("bfloat16", 2**-8), ("int8", 0.5 / 127), ("int16", 0.5 / 1024)],
)
def test_rounded_weights_are_restored_to_half_a_step(
    marian: Path, quantization: str, step: float
) -> None:
    weights, expected = marian_weights(marian / quantization / "model.bin"), original(marian)
    # int16 has one scale for matrices that are stored as one.
    overall = max(np.abs(value).max() for value in expected.values())
    for name, value in expected.items():
        largest = np.abs(value).max(axis=-1, keepdims=True)
        scale = overall if quantization == "int16" else largest
        assert (np.abs(weights[name] - value) <= 1.01 * step * scale).all(), name


@pytest.mark.parametrize("size", [0, 3, 9, 40, 5_000, -1])
def test_a_file_that_was_cut_off(marian: Path, tmp_path: Path, size: int) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes((marian / "int8" / "model.bin").read_bytes()[:size])
    with pytest.raises(UserError, match=r"model\.bin: not a CTranslate2 model: it ends too early"):
        read_variables(path)


def test_an_array_that_is_cut_short(tmp_path: Path) -> None:
    """One array `w` of one float32, which has three bytes of four."""
    head = struct.pack("<IH2sII", 6, 2, b"x", 1, 1)
    array = struct.pack("<H2sBIBI3s", 2, b"w", 1, 1, 0, 3, b"abc")
    path = tmp_path / "model.bin"
    path.write_bytes(head + array + struct.pack("<I", 0))
    with pytest.raises(UserError, match="an array has another size than its shape"):
        read_variables(path)


def test_a_file_of_another_kind(
    marian: Path, tmp_path: Path, ct2_model: Callable[[str], object]
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(UserError, match="not a CTranslate2 model: binary version"):
        read_variables(path)
    other = ct2_model("nllb").path / "model.bin"  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="not the layout of a model that train-translator made"):
        marian_weights(other)
