"""What can be added to the store, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import copy_with_languages, pack_argos
from translators.adding import add_model, alignment_note, parse_alignment_head
from translators.describing import ModelFacts
from translators.model_card import ModelInfo


def test_flags_that_a_ready_model_has_built_in_are_refused(
    store: Path, ready: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="unknown quantization 'foo'"):
        add_model(str(ready), ModelFacts(), quantization="foo")
    with pytest.raises(UserError, match="converted already: add it without --quantization"):
        add_model(str(ready), ModelFacts(), quantization="int16")
    described = add_model(str(ready), ModelFacts(name="a")).path
    facts = ModelFacts(name="b", family="nllb", source="en")
    with pytest.raises(UserError, match="described already: add it without --family and --source"):
        add_model(str(described), facts)
    with pytest.raises(UserError, match="add it without --quantization"):
        add_model(str(described), ModelFacts(name="b"), quantization="int8")
    info = add_model(str(described), ModelFacts(name="b", max_source_pieces=20))
    assert info.card.max_source_pieces == 20
    package = pack_argos(described, tmp_path / "x.argosmodel")
    with pytest.raises(UserError, match=r"x\.argosmodel.*add it without --target"):
        add_model(str(package), ModelFacts(target="de"))
    assert sorted(path.name for path in store.iterdir()) == ["a", "b"]


def test_errors_name_the_model_as_the_user_did(
    store: Path,
    ct2_model: Callable[[str], ModelInfo],
    hf_folder: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    ready = tmp_path / "ready"
    shutil.copytree(ct2_model("marian").path, ready)
    (ready / "labelferry.json").unlink()
    unsaid = copy_with_languages(tmp_path / "opus", hf_folder("marian"), "mul", "mul")
    for folder, flags in ((ready, "--family"), (unsaid, "--source and --target")):
        with pytest.raises(UserError, match=flags) as caught:
            add_model(str(folder), ModelFacts(name="m"))
        assert f"`labelferry models add {folder}" in caught.value.problem
        assert caught.value.file == str(folder)


def test_conversion_fills_in_the_card(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "opus"
    shutil.copytree(hf_folder("marian"), folder)
    readme = "---\nlicense: cc-by-4.0\n---\n* model: transformer-align\n"
    (folder / "README.md").write_text(readme)
    facts = ModelFacts(source="en", target="de")
    info = add_model(str(folder), facts)
    assert info.card.licence == "cc-by-4.0" and info.card.quantization == "int8"
    assert info.card.max_source_pieces == 124 and info.card.alignment is None
    assert "--alignment-head guided" in str(alignment_note(folder, facts))
    with pytest.raises(UserError, match="unknown quantization 'int3'"):
        add_model(str(folder), ModelFacts(name="b"), quantization="int3")
    with pytest.raises(UserError, match="the decoder has 2 layers"):
        add_model(str(folder), ModelFacts(name="b", alignment=parse_alignment_head("5:1")))


@pytest.mark.parametrize("text", ["one", "1", "-1:0", "-1:x", "--1:1"])
def test_bad_alignment_heads(text: str) -> None:
    with pytest.raises(UserError, match="choose from: LAYER:HEADS, guided, none"):
        parse_alignment_head(text)
