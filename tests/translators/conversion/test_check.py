"""Conventions that differ from those of their family: told apart, or refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="converting a model needs the torch extra")

from corpora.errors import UserError
from tests.helpers.odd_translators import ODD_FAMILIES, edit_json, make_resized_model
from tests.helpers.tiny_translators import CPU, TEXTS, make_m2m100_model
from translators.adding import add_model
from translators.conversion.check import sample_pairs
from translators.describing import ModelFacts
from translators.engine import Engine
from translators.model_card import CARD, ModelInfo
from translators.protocol import DecodingOptions

GREEDY = DecodingOptions(beam_size=1, max_decoding_length=12)
FACTS = {
    "separate": ModelFacts(source="en", target="de"),
    "marian-resized": ModelFacts(source="en", target="de"),
    "t5-promptless": ModelFacts(source="en", target="de", prompt="translate English to German:"),
    "mt5": ModelFacts(source="en", target="de", prompt="translate English to German:"),
}
LAYOUT = {
    "mbart25": ("mbart25", (), ("</s>", "en_XX"), ("de_DE",)),
    "small100": ("small100", ("__de__",), ("</s>",), ()),
    "wmt21": ("m2m100", ("__en__",), ("</s>",), ("__de__",)),
    "separate": ("marian", (), ("</s>",), ()),
    "marian-resized": ("marian", (), ("</s>",), ()),
    "nllb-resized": ("nllb", ("eng_Latn",), ("</s>",), ("deu_Latn",)),
    "mbart50-resized": ("mbart50", ("en_XX",), ("</s>",), ("de_DE",)),
    "madlad-resized": ("t5", ("<2de>",), ("</s>",), ()),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A tiny `transformers` folder with a convention of its own, made once."""
    root = tmp_path_factory.mktemp("odd")

    def make(name: str) -> Path:
        folder = root / name
        return folder if folder.is_dir() else ODD_FAMILIES[name](folder)

    return make


@pytest.mark.parametrize("name", ODD_FAMILIES)
def test_it_is_stored_because_it_reads_and_writes_as_transformers_does(
    store: Path, odd: Callable[[str], Path], name: str
) -> None:
    info = add_model(str(odd(name)), FACTS.get(name, ModelFacts()))
    engine = Engine(info, CPU)
    tokens = engine.language_tokens("en", "de")
    if name in LAYOUT:
        layout = (info.card.family, tokens.prefix, tokens.suffix, tokens.target_prefix)
        assert layout == LAYOUT[name]
    else:
        assert info.card.prompts == {"en>de": "translate English to German:"}
    hypotheses = engine.translate(TEXTS[:4], "en", "de", GREEDY)
    for hypothesis in hypotheses:
        assert hypothesis.text and "extra_id" not in hypothesis.text
        assert not any(token in hypothesis.text for token in tokens.target_prefix)


def test_mbart25_scores_what_it_writes_and_aligns_every_piece(
    store: Path, odd: Callable[[str], Path]
) -> None:
    """The language that decoding starts with is none of the pieces, and is not scored."""
    from translators.adding import parse_alignment_head

    facts = ModelFacts(alignment=parse_alignment_head("-1:1"))
    engine = Engine(add_model(str(odd("mbart25")), facts, quantization="float32"), CPU)
    options = DecodingOptions(beam_size=1, max_decoding_length=60, return_attention=True)
    hypotheses = engine.translate(TEXTS, "en", "de", options)
    ended = [
        (text, hypothesis)
        for text, hypothesis in zip(TEXTS, hypotheses, strict=True)
        if hypothesis.attention is not None and hypothesis.target_pieces
    ]
    for _, hypothesis in ended:
        assert hypothesis.attention is not None
        shape = (len(hypothesis.target_pieces), len(hypothesis.source_pieces))
        assert hypothesis.attention.shape == shape
        assert hypothesis.target_pieces[0][0] == 0
    forced = engine.force(["A man"], ["Ein Mann"], "en", "de")[0]
    assert forced.attention is not None and len(forced.target_pieces) == forced.attention.shape[0]
    assert forced.score < 0


def test_another_convention_is_refused_with_both_shown(
    store: Path, odd: Callable[[str], Path]
) -> None:
    with pytest.raises(UserError) as caught:
        add_model(str(odd("mbart25")), ModelFacts(family="mbart50"))
    assert "the token input for 'The train to Oslo leaves at 8:30.' would be 'de_DE ▁" in str(
        caught.value
    ) or "would be 'en_XX ▁" in str(caught.value)
    assert "where `transformers` has '▁" in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert list(store.iterdir()) == []


def test_another_output_is_refused_with_both_shown(
    store: Path, hf_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conversion that writes the vocabulary in another order, as some have done."""
    from translators.conversion import converter_torch

    right = converter_torch._in_order

    def swapped(tokens: dict[int, str], embeddings: object) -> list[str]:
        names = right(tokens, embeddings)
        names[3:-1] = names[-2:2:-1]
        return names

    monkeypatch.setattr(converter_torch, "_in_order", swapped)
    with pytest.raises(UserError, match=r"the greedy output for '.*' would be '.*', where `tra"):
        add_model(str(hf_folder("marian")), ModelFacts(source="en", target="de"))
    assert list(store.iterdir()) == []


def test_m2m100_or_small100_is_asked_for(
    store: Path, odd: Callable[[str], Path], tmp_path: Path
) -> None:
    """Both as a `transformers` folder whose tokenizer does not say, and as a ready one."""
    folder = tmp_path / "some-model"
    shutil.copytree(odd("small100"), folder)
    edit_json(folder / "tokenizer_config.json", tokenizer_class="M2M100Tokenizer")
    with pytest.raises(UserError, match=r"M2M-100 or SMaLL-100\?.*--family") as caught:
        add_model(str(folder), ModelFacts())
    assert caught.value.choices == ["m2m100", "small100"]
    ready = add_model(str(folder), ModelFacts(name="small", family="small100")).path
    (ready / CARD).unlink()
    with pytest.raises(UserError, match=r"with 2 encoder layers and 1 decoder layers"):
        add_model(str(ready), ModelFacts(name="again"))


def test_ready_models_of_variants(
    odd: Callable[[str], Path], store: Path, ct2_model: Callable[[str], ModelInfo]
) -> None:
    from translators.describing import describe_folder

    ready = add_model(str(odd("mbart25")), ModelFacts(name="m25")).path
    (ready / CARD).unlink()
    assert describe_folder(ready).card.family == "mbart25"
    for family in ("mbart50", "m2m100"):
        assert describe_folder(ct2_model(family).path).card.family == family


def test_a_t5_without_a_prompt_asks_for_it(
    store: Path, odd: Callable[[str], Path], hf_folder: Callable[[str], Path]
) -> None:
    folder = str(odd("t5-promptless"))
    with pytest.raises(UserError, match=r"a T5 whose configuration names no prompt.*--prompt"):
        add_model(folder, ModelFacts(source="en", target="de"))
    bare = add_model(folder, ModelFacts(source="en", target="de", prompt=""))
    assert bare.card.prompts == {} and bare.card.pairs == (("en", "de"),)
    facts = ModelFacts(name="x", source=("en", "fr"), target="de", prompt="to German: ")
    assert add_model(folder, facts).card.prompts == {"en>de": "to German:", "fr>de": "to German:"}
    with pytest.raises(UserError, match="--prompt is for a T5 without language tokens"):
        add_model(str(hf_folder("nllb")), ModelFacts(prompt="to German:"))


def test_an_added_token_with_the_number_of_a_language(store: Path, tmp_path: Path) -> None:
    """`transformers` 5 numbers the first token added to M2M-100 as its first language."""
    folder = make_resized_model(tmp_path / "m2m100", "m2m100")
    with pytest.raises(UserError, match=r"'\[NAME\]' has the number \(\d+\) of the language token"):
        add_model(str(folder), ModelFacts())


def test_marian_that_starts_with_another_token(
    store: Path, hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "opus"
    shutil.copytree(hf_folder("marian"), folder)
    edit_json(folder / "config.json", decoder_start_token_id=0)
    edit_json(folder / "generation_config.json", decoder_start_token_id=0)
    with pytest.raises(UserError, match="decoding starts with token 0, and not with <pad>"):
        add_model(str(folder), ModelFacts(source="en", target="de"))


def test_which_pairs_are_compared(store: Path, tmp_path: Path) -> None:
    card = add_model(str(make_m2m100_model(tmp_path / "m")), ModelFacts()).card
    assert sample_pairs(card) == [("en", "de"), ("de", "en")]
    pairs = (("fr", "en"), ("es", "en"), ("it", "en"))
    card = card.model_copy(update={"pairs": pairs})
    assert sample_pairs(card) == [("fr", "en"), ("es", "en")]
