"""The engine over a tiny Marian model with random weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import ctranslate2
import numpy as np
import pytest
import sentencepiece

from corpora.errors import UserError
from tests.helpers.offset_checks import HARD_TEXTS, check_offsets
from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine, shared_engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.protocol import DecodingOptions

SHORT = DecodingOptions(max_decoding_length=24)


WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


def test_same_as_ctranslate2(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Score and text are those of a plain call, one text at a time."""
    # Nothing is decoded again, whatever such a model says, and no text is so long as to be split.
    monkeypatch.setattr("translators.results.find_flags", lambda *_, **__: ())
    hypotheses = engine.translate(TEXTS, "en", "de", DecodingOptions(max_decoding_length=80))
    translator = ctranslate2.Translator(str(engine.info.path))
    subwords = sentencepiece.SentencePieceProcessor(
        model_file=str(engine.info.path / engine.info.card.target_tokenizer)
    )
    for tokens, hypothesis in zip(engine.tokens(TEXTS, "en", "de"), hypotheses, strict=True):
        (result,) = translator.translate_batch(
            [tokens], max_decoding_length=80, return_scores=True, disable_unk=True
        )
        assert hypothesis.score == pytest.approx(result.scores[0], abs=1e-4)
        assert hypothesis.text == subwords.decode(result.hypotheses[0])


def test_order_length_and_duplicates(engine: Engine) -> None:
    assert engine.translate([], "en", "de", SHORT) == []
    texts = [*TEXTS, TEXTS[3], *TEXTS[::-1]]
    hypotheses = engine.translate(texts, "en", "de", SHORT)
    assert len(hypotheses) == len(texts)
    by_text = dict(zip(texts, hypotheses, strict=True))
    assert [hypothesis.text for hypothesis in hypotheses] == [by_text[text].text for text in texts]
    alone = [engine.translate([text], "en", "de", SHORT)[0].text for text in TEXTS]
    assert [hypothesis.text for hypothesis in hypotheses[: len(TEXTS)]] == alone


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\r\n  "])
def test_empty_texts(engine: Engine, text: str) -> None:
    (hypothesis,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert (hypothesis.text, hypothesis.score, hypothesis.flags) == ("", 0.0, ())


def test_nasty_texts_and_offsets(engine: Engine) -> None:
    hypotheses = engine.translate(HARD_TEXTS + TEXTS, "en", "de", WITH_ATTENTION)
    for text, hypothesis in zip(HARD_TEXTS + TEXTS, hypotheses, strict=True):
        check_offsets(text, hypothesis.source_pieces)
        check_offsets(hypothesis.text, hypothesis.target_pieces)
        assert ">>deu<<" not in hypothesis.text and "</s>" not in hypothesis.text
        if hypothesis.source_pieces:
            assert hypothesis.attention is not None
            assert hypothesis.attention.dtype == np.float32
            assert hypothesis.attention.shape == (
                len(hypothesis.target_pieces),
                len(hypothesis.source_pieces),
            )
            assert (hypothesis.attention.sum(axis=1) <= 1.0 + 1e-4).all()


def test_n_best(engine: Engine) -> None:
    options = dataclasses.replace(SHORT, beam_size=4, num_hypotheses=3)
    for hypothesis in engine.translate(TEXTS[:3], "en", "de", options):
        if not hypothesis.flags:
            assert len(hypothesis.alternatives) == 2
            scores = [hypothesis.score, *(other.score for other in hypothesis.alternatives)]
            assert scores == sorted(scores, reverse=True)


def test_sampling_is_reproducible(engine: Engine) -> None:
    options = dataclasses.replace(SHORT, beam_size=1, sampling_topk=20, seed=7)
    first, again = (engine.translate(TEXTS, "en", "de", options) for _ in range(2))
    assert first == again
    other = engine.translate(TEXTS, "en", "de", dataclasses.replace(options, seed=8))
    assert [hypothesis.text for hypothesis in first] != [hypothesis.text for hypothesis in other]


def test_threads_share_one_model(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    hardware = Hardware(device="cpu", threads=(2, 1))
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _: shared_engine(info, hardware), range(16)))
        assert len(set(map(id, engines))) == 1
        expected = engines[0].translate(TEXTS, "en", "de", SHORT)
        for hypotheses in pool.map(
            lambda _: engines[0].translate(TEXTS, "en", "de", SHORT), range(8)
        ):
            assert [hypothesis.text for hypothesis in hypotheses] == [
                hypothesis.text for hypothesis in expected
            ]


def test_unknown_language_and_pair(engine: Engine) -> None:
    with pytest.raises(UserError, match="choose from: de, en, fr"):
        engine.translate(["a"], "en", "pt", SHORT)
    with pytest.raises(UserError, match="not a language tag"):
        engine.translate(["a"], "english", "de", SHORT)
    with pytest.raises(UserError, match="does not translate"):
        engine.translate(["a"], "de", "de", SHORT)


@pytest.mark.parametrize(
    "options",
    [
        DecodingOptions(beam_size=0),
        DecodingOptions(beam_size=2, num_hypotheses=3),
        DecodingOptions(beam_size=2, sampling_topk=5),
    ],
)
def test_impossible_options(engine: Engine, options: DecodingOptions) -> None:
    with pytest.raises(UserError):
        engine.translate(["a"], "en", "de", options)


def test_altered_model_is_refused(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    files = {**info.card.files, "model.bin": "0" * 64}
    card = info.card.model_copy(update={"files": files})
    with pytest.raises(UserError, match="not the one that the model's card names"):
        Engine(dataclasses.replace(info, card=card), Hardware(device="cpu"))
