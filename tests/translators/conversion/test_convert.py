"""What is converted, and what is refused."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest

from corpora.errors import MissingExtraError, UserError
from translators.adding import add_model
from translators.conversion.convert import convert
from translators.describing import ModelFacts


def test_pickled_weights_are_refused(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(hf_folder("marian"), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"only pickled weights \(pytorch_model.bin\)"):
        add_model(str(folder), ModelFacts())
    assert list(store.iterdir()) == []


def test_other_architectures_are_named(store: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["GPT2LMHeadModel"]}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="architecture GPT2LMHeadModel is not supported"):
        add_model(str(tmp_path), ModelFacts(name="m"))


def test_conversion_without_torch(
    store: Path, hf_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = hf_folder("marian")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"\.\[torch\]"):
        add_model(str(folder), ModelFacts(name="m", source="en", target="de"))


def test_alignment_head_changes_the_attention(
    hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    from translators.model_card import AlignmentHead

    source = [["▁", "A", "▁man", "</s>"]]
    rows = []
    for name, head in (("a", AlignmentHead()), ("b", AlignmentHead(layer=0, heads=4))):
        convert(hf_folder("marian"), tmp_path / name, "float32", head)
        translator = ctranslate2.Translator(str(tmp_path / name))
        (result,) = translator.translate_batch(
            source, return_attention=True, beam_size=1, max_decoding_length=4
        )
        rows.append(result.attention[0][0])
    assert rows[0] != pytest.approx(rows[1])
