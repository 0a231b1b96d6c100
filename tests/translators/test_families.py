"""Every family, on a tiny model made on the spot, against `transformers` itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ctranslate2
import pytest

from tests.translators import tiny
from tests.translators.conftest import FAMILIES
from translators.conversion import convert, verify_against_transformers
from translators.engine import Engine, Hardware
from translators.families import family_of_vocabulary
from translators.protocol import DecodingOptions
from translators.store import ModelInfo

LAYOUT = {
    "marian": ((), ("</s>",), ()),
    "marian-multi": ((">>deu<<",), ("</s>",), ()),
    "nllb": (("eng_Latn",), ("</s>",), ("deu_Latn",)),
    "m2m100": (("__en__",), ("</s>",), ("__de__",)),
    "mbart50": (("en_XX",), ("</s>",), ("de_DE",)),
    "madlad": (("<2de>",), ("</s>",), ()),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_float32_says_what_transformers_says(
    family: str, hf_folder: Callable[[str], Path], ct2_model: Callable[[str], ModelInfo]
) -> None:
    folder = hf_folder(family)
    report = verify_against_transformers(
        folder, ct2_model(family).path, tiny.TEXTS, source="en", target="de", max_length=20
    )
    assert report.texts == len(tiny.TEXTS)
    assert report.inputs_equal == report.texts
    assert report.differences == ()
    assert report.float32_equal == report.texts
    assert report.quantized_equal == report.texts  # what is compared is float32 here too


def test_a_difference_is_seen(
    hf_folder: Callable[[str], Path], ct2_model: Callable[[str], ModelInfo]
) -> None:
    report = verify_against_transformers(
        hf_folder("marian"), ct2_model("marian-pad").path, tiny.TEXTS, source="en", target="de",
        max_length=20,
    )  # fmt: skip
    assert report.float32_equal == report.texts
    assert report.quantized_equal < report.texts
    assert report.quantized_token_share < 1.0


@pytest.mark.parametrize("family", LAYOUT)
def test_tokens_around_the_pieces(family: str, ct2_model: Callable[[str], ModelInfo]) -> None:
    prefix, suffix, opening = LAYOUT[family]
    engine = Engine(ct2_model(family), Hardware(device="cpu", threads=(1, 1)))
    (tokens,) = engine.tokens(["A man"], "en", "de")
    assert tuple(tokens[: len(prefix)]) == prefix
    assert tuple(tokens[-len(suffix) :]) == suffix
    assert engine.target_prefix("en", "de") == opening
    (one,) = engine.translate(["A man"], "en", "de", DecodingOptions(max_decoding_length=8))
    assert not any(token in one.text for token in opening + prefix)


def test_outputs_of_random_weights_differ_between_texts(
    ct2_model: Callable[[str], ModelInfo],
) -> None:
    """Else the comparison above would say little."""
    engine = Engine(ct2_model("nllb"), Hardware(device="cpu", threads=(1, 1)))
    options = DecodingOptions(beam_size=1, max_decoding_length=16)
    texts = {one.text for one in engine.translate(tiny.TEXTS, "en", "de", options)}
    assert len(texts) > len(tiny.TEXTS) // 2


def test_prompt_of_a_plain_t5(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("t5")
    assert info.card.pairs == (("en", "de"), ("en", "fr"))
    engine = Engine(info, Hardware(device="cpu", threads=(1, 1)))
    german, french = (engine.tokens(["A man"], "en", tag)[0] for tag in ("de", "fr"))
    assert german != french
    assert "".join(german).startswith("▁translate▁English▁to▁German:▁A▁man")


def test_languages_are_read_from_the_vocabulary(ct2_model: Callable[[str], ModelInfo]) -> None:
    assert set(ct2_model("nllb").card.targets) == {"en", "de", "zh-Hans", "sr-Cyrl"}
    assert ct2_model("marian-multi").card.targets == {"de": "deu", "en": "eng", "fr": "fra"}
    assert {"en", "de", "zh"} == set(ct2_model("madlad").card.targets)
    assert {"af", "de", "zu"} <= set(ct2_model("m2m100").card.sources)
    assert {"ar", "de", "zh", "sl"} <= set(ct2_model("mbart50").card.sources)


@pytest.mark.parametrize(
    ("vocabulary", "family"),
    [
        (["</s>", ">>de<<", ">>en<<", "▁a"], "marian"),
        (["<s>", "deu_Latn", "eng_Latn"], "nllb"),
        (["__de__", "__en__"], "m2m100"),
        (["de_DE", "en_XX"], "mbart50"),
        (["<2de>", "<2en>"], "t5"),
        (["</s>", "▁a"], None),
        ([">>de<<", ">>en<<", "<2de>", "<2en>"], None),
    ],
)
def test_family_of_a_vocabulary(vocabulary: list[str], family: str | None) -> None:
    found = family_of_vocabulary(vocabulary)
    assert (found and found[0].name) == family


def test_alignment_head_changes_the_attention(
    hf_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    from translators.store import AlignmentHead

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
