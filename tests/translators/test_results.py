"""Scores and attention as CTranslate2 gives them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import ctranslate2
import numpy as np
import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.protocol import DecodingOptions

SHORT = DecodingOptions(max_decoding_length=24)


WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


def test_attention_leaves_out_the_tokens_around(engine: Engine) -> None:
    (tokens,) = engine.tokens([TEXTS[0]], "en", "de")
    translator = ctranslate2.Translator(str(engine.info.path))
    (raw,) = translator.translate_batch(
        [tokens], return_attention=True, max_decoding_length=24, disable_unk=True
    )
    (hypothesis,) = engine.translate([TEXTS[0]], "en", "de", WITH_ATTENTION)
    assert hypothesis.attention is not None
    if not hypothesis.flags:
        expected = np.array(raw.attention[0], dtype=np.float32)[:, 1:-1]
        assert hypothesis.attention == pytest.approx(expected, abs=1e-4)
    assert hypothesis.attention.shape[1] == len(tokens) - 2


def test_attention_that_is_a_step_late_is_shifted(engine: Engine, late_engine: Engine) -> None:
    for beam_size in (1, 2):
        options = DecodingOptions(beam_size, max_decoding_length=100, return_attention=True)
        hypotheses = engine.translate(TEXTS, "en", "de", options)
        for hypothesis, other in zip(
            hypotheses, late_engine.translate(TEXTS, "en", "de", options), strict=True
        ):
            assert (hypothesis.text, hypothesis.flags) == (other.text, other.flags)
            assert hypothesis.score == pytest.approx(other.score, abs=1e-4)
            assert hypothesis.target_pieces == other.target_pieces
            assert hypothesis.attention is not None and other.attention is not None
            assert other.attention.shape == hypothesis.attention.shape
            assert other.attention[:-1] == pytest.approx(hypothesis.attention[1:], abs=1e-4)


def test_no_attention_without_guided_alignment(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("nllb")
    engine = Engine(info, Hardware(device="cpu", threads=(1, 1)))
    assert not engine.has_alignment
    (hypothesis,) = engine.translate(["A man"], "en", "de", WITH_ATTENTION)
    assert hypothesis.attention is None
    assert hypothesis.source_pieces == ((0, 1), (2, 3), (3, 5))
    (forced,) = engine.force(["A man"], ["Ein Mann"], "en", "de")
    assert forced.attention is None and forced.score < 0


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
def test_score_is_the_average_per_token_whatever_the_length_penalty(
    engine: Engine, penalty: float
) -> None:
    options = dataclasses.replace(SHORT, length_penalty=penalty)
    translator = ctranslate2.Translator(str(engine.info.path))
    for text in TEXTS[:4]:
        (hypothesis,) = engine.translate([text], "en", "de", options)
        tokens = engine.tokens([text], "en", "de")
        (raw,) = translator.translate_batch(
            tokens, max_decoding_length=24, disable_unk=True, length_penalty=penalty
        )
        if hypothesis.flags or len(raw.hypotheses[0]) == 24:
            continue
        (scored,) = translator.score_batch(tokens, [raw.hypotheses[0]])
        assert hypothesis.score == pytest.approx(float(np.mean(scored.log_probs)), abs=1e-3)


def test_more_positions_than_the_model_has(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    card = info.card.model_copy(update={"max_source_pieces": 1000})
    engine = Engine(dataclasses.replace(info, card=card), Hardware(device="cpu", threads=(1, 1)))
    with pytest.raises(UserError, match="--max-pieces"):
        engine.translate(["word " * 200], "en", "de", DecodingOptions(max_decoding_length=900))
