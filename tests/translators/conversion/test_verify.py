"""Every family, on a tiny model made on the spot, against `transformers` itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers.tiny_translators import FAMILIES, TEXTS
from translators.conversion.verify import verify_against_transformers
from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.protocol import DecodingOptions


@pytest.mark.parametrize("family", FAMILIES)
def test_float32_translates_as_transformers_does(
    family: str, hf_folder: Callable[[str], Path], ct2_model: Callable[[str], ModelInfo]
) -> None:
    folder = hf_folder(family)
    report = verify_against_transformers(
        folder,
        ct2_model(family),
        TEXTS,
        source="en",
        target="de",
        max_length=20,
    )
    assert report.texts == len(TEXTS)
    assert report.inputs_equal == report.texts
    assert report.differences == ()
    assert report.float32_equal == report.texts
    assert report.quantized_equal == report.texts  # what is compared is float32 here too


def test_a_difference_is_seen(
    hf_folder: Callable[[str], Path], ct2_model: Callable[[str], ModelInfo]
) -> None:
    report = verify_against_transformers(
        hf_folder("marian"), ct2_model("marian-pad"), TEXTS, source="en", target="de",
        max_length=20,
    )  # fmt: skip
    assert report.float32_equal == report.texts
    assert report.quantized_equal < report.texts
    assert report.quantized_token_share < 1.0


def test_outputs_of_random_weights_differ_between_texts(
    ct2_model: Callable[[str], ModelInfo],
) -> None:
    """Else the comparison above would say little."""
    engine = Engine(ct2_model("nllb"), Hardware(device="cpu", threads=(1, 1)))
    options = DecodingOptions(beam_size=1, max_decoding_length=16)
    texts = {hypothesis.text for hypothesis in engine.translate(TEXTS, "en", "de", options)}
    assert len(texts) > len(TEXTS) // 2
