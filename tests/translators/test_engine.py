"""The engine over a tiny Marian model with random weights."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ctranslate2
import numpy as np
import pytest
import sentencepiece

from corpora.errors import UserError
from tests.translators.test_pieces import NASTY, check_offsets
from tests.translators.tiny import TEXTS
from translators.copying import is_copied
from translators.engine import Engine, Hardware, choose_threads, shared_engine
from translators.long_texts import MAX_ATTENTION
from translators.protocol import DecodingOptions
from translators.store import ModelInfo

SHORT = DecodingOptions(max_decoding_length=24)
WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


def test_same_as_ctranslate2(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Score and text are those of a plain call, one text at a time."""
    # Nothing is decoded again, whatever such a model says, and no text is so long as to be split.
    monkeypatch.setattr("translators.engine.find_flags", lambda *_, **__: ())
    found = engine.translate(TEXTS, "en", "de", DecodingOptions(max_decoding_length=80))
    translator = ctranslate2.Translator(str(engine.info.path))
    subwords = sentencepiece.SentencePieceProcessor(
        model_file=str(engine.info.path / engine.info.card.target_tokenizer)
    )
    for tokens, one in zip(engine.tokens(TEXTS, "en", "de"), found, strict=True):
        (result,) = translator.translate_batch(
            [tokens], max_decoding_length=80, return_scores=True, disable_unk=True
        )
        assert one.score == pytest.approx(result.scores[0], abs=1e-4)
        assert one.text == subwords.decode(result.hypotheses[0])


def test_order_length_and_duplicates(engine: Engine) -> None:
    assert engine.translate([], "en", "de", SHORT) == []
    texts = [*TEXTS, TEXTS[3], *TEXTS[::-1]]
    found = engine.translate(texts, "en", "de", SHORT)
    assert len(found) == len(texts)
    by_text = dict(zip(texts, found, strict=True))
    assert [one.text for one in found] == [by_text[text].text for text in texts]
    alone = [engine.translate([text], "en", "de", SHORT)[0].text for text in TEXTS]
    assert [one.text for one in found[: len(TEXTS)]] == alone


def test_windows_do_not_change_the_result(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = engine.translate(TEXTS, "en", "de", SHORT)
    monkeypatch.setattr("translators.engine.WINDOW", 3)
    assert [h.text for h in engine.translate(TEXTS, "en", "de", SHORT)] == [h.text for h in whole]


def test_a_small_request_need_not_wait_for_a_large_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Many small batches, each of which takes its time: such a model writes to the limit.
    hardware = Hardware(device="cpu", threads=(1, 1), batch_tokens=64)
    engine = Engine(engine.info, hardware, verified=True)
    monkeypatch.setattr("translators.engine.find_flags", lambda *_, **__: ())
    long = DecodingOptions(max_decoding_length=200)
    queued: list[int] = []
    collect = engine._collect

    def note(job: Any, *rest: Any) -> None:
        queued.append(len(job.texts))
        collect(job, *rest)

    monkeypatch.setattr(engine, "_collect", note)
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(
            engine.translate, [f"{n} {TEXTS[0]}" for n in range(300)], "en", "de", long
        )
        limit = time.monotonic() + 60
        while not engine._translator.num_queued_batches:
            assert not large.done() and time.monotonic() < limit
            time.sleep(0.001)
        engine.translate(TEXTS[:1], "en", "de", SHORT)
        assert queued == [1]
        assert not large.done()
        assert len(large.result()) == 300
    assert queued == [1, 300]


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\r\n  "])
def test_empty_texts(engine: Engine, text: str) -> None:
    (one,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert (one.text, one.score, one.flags) == ("", 0.0, ())


@pytest.mark.parametrize(
    "text",
    ["!!!", "2024-01-01", "1,234.56 €", "😀 👨‍👩‍👧", "…", " 42 ", "foo.bar@example.com",
     "https://example.com/a?b=c", "@someone"],
)  # fmt: skip
def test_what_has_no_words_is_copied(engine: Engine, text: str) -> None:
    (one,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert (one.text, one.flags) == (text, ())
    check_offsets(text, one.target_pieces)
    assert one.source_pieces == one.target_pieces
    assert one.attention is not None
    assert (one.attention == np.eye(len(one.source_pieces))).all()


@pytest.mark.parametrize(
    "text",
    ["a", "7 pm", "你好", "mail me@home.org", "№ 5 x", "https://example.com请访问这个网站。",
     "@小明你今天吃饭了吗", "@สมชายกินข้าวหรือยัง", "me@home.orgに送ってください"],
)  # fmt: skip
def test_what_has_words_is_not(text: str) -> None:
    assert not is_copied(text)


def test_a_long_copy_does_not_fill_the_memory(engine: Engine) -> None:
    text = " ".join(map(str, range(3000)))
    (one,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert one.text == text
    assert len(one.source_pieces) == len(one.target_pieces) > 3000
    assert one.attention is None


def test_nasty_texts_and_offsets(engine: Engine) -> None:
    found = engine.translate(NASTY + TEXTS, "en", "de", WITH_ATTENTION)
    for text, one in zip(NASTY + TEXTS, found, strict=True):
        check_offsets(text, one.source_pieces)
        check_offsets(one.text, one.target_pieces)
        assert ">>deu<<" not in one.text and "</s>" not in one.text
        if one.source_pieces:
            assert one.attention is not None
            assert one.attention.dtype == np.float32
            assert one.attention.shape == (len(one.target_pieces), len(one.source_pieces))
            assert (one.attention.sum(axis=1) <= 1.0 + 1e-4).all()


def test_attention_leaves_out_the_tokens_around(engine: Engine) -> None:
    (tokens,) = engine.tokens([TEXTS[0]], "en", "de")
    translator = ctranslate2.Translator(str(engine.info.path))
    (raw,) = translator.translate_batch(
        [tokens], return_attention=True, max_decoding_length=24, disable_unk=True
    )
    (one,) = engine.translate([TEXTS[0]], "en", "de", WITH_ATTENTION)
    assert one.attention is not None
    if not one.flags:
        expected = np.array(raw.attention[0], dtype=np.float32)[:, 1:-1]
        assert one.attention == pytest.approx(expected, abs=1e-4)
    assert one.attention.shape[1] == len(tokens) - 2


@pytest.fixture(scope="module")
def late(engine: Engine) -> Engine:
    """The same model, its attention said to be a step late."""
    card = engine.info.card
    assert card.alignment is not None
    head = card.alignment.model_copy(update={"shift": 1})
    info = dataclasses.replace(engine.info, card=card.model_copy(update={"alignment": head}))
    return Engine(info, Hardware(device="cpu", threads=(2, 1)), verified=True)


def test_attention_that_is_a_step_late_is_moved(engine: Engine, late: Engine) -> None:
    for beam_size in (1, 2):
        options = DecodingOptions(beam_size, max_decoding_length=100, return_attention=True)
        found = engine.translate(TEXTS, "en", "de", options)
        for one, other in zip(found, late.translate(TEXTS, "en", "de", options), strict=True):
            assert (one.text, one.flags) == (other.text, other.flags)
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert one.target_pieces == other.target_pieces
            assert one.attention is not None and other.attention is not None
            assert other.attention.shape == one.attention.shape
            assert other.attention[:-1] == pytest.approx(one.attention[1:], abs=1e-4)


def test_forced_attention_that_is_a_step_late_has_the_step_after_the_text(
    engine: Engine, late: Engine
) -> None:
    targets = [f"{text} {text}" for text in TEXTS[::-1]]
    before = engine.force(TEXTS, targets, "en", "de")
    for text, one, other in zip(targets, before, late.force(TEXTS, targets, "en", "de"),
                                strict=True):  # fmt: skip
        assert (other.text, other.score) == (text, one.score)
        assert one.attention is not None and other.attention is not None
        assert other.attention.shape == one.attention.shape
        assert other.attention[:-1] == pytest.approx(one.attention[1:], abs=1e-4)
        # Not a copy: the step after the text is asked for.
        assert other.attention[-1] != pytest.approx(one.attention[-1], abs=1e-4)


def test_no_attention_without_a_taught_head(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("nllb")
    engine = Engine(info, Hardware(device="cpu", threads=(1, 1)))
    assert not engine.has_alignment
    (one,) = engine.translate(["A man"], "en", "de", WITH_ATTENTION)
    assert one.attention is None
    assert one.source_pieces == ((0, 1), (2, 3), (3, 5))
    (forced,) = engine.force(["A man"], ["Ein Mann"], "en", "de")
    assert forced.attention is None and forced.score < 0


def test_n_best(engine: Engine) -> None:
    options = dataclasses.replace(SHORT, beam_size=4, num_hypotheses=3)
    for one in engine.translate(TEXTS[:3], "en", "de", options):
        if not one.flags:
            assert len(one.alternatives) == 2
            scores = [one.score, *(other.score for other in one.alternatives)]
            assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
def test_score_is_the_average_per_token_whatever_the_length_penalty(
    engine: Engine, penalty: float
) -> None:
    options = dataclasses.replace(SHORT, length_penalty=penalty)
    translator = ctranslate2.Translator(str(engine.info.path))
    for text in TEXTS[:4]:
        (one,) = engine.translate([text], "en", "de", options)
        tokens = engine.tokens([text], "en", "de")
        (raw,) = translator.translate_batch(
            tokens, max_decoding_length=24, disable_unk=True, length_penalty=penalty
        )
        if one.flags or len(raw.hypotheses[0]) == 24:
            continue
        (scored,) = translator.score_batch(tokens, [raw.hypotheses[0]])
        assert one.score == pytest.approx(float(np.mean(scored.log_probs)), abs=1e-3)


def test_sampling_is_reproducible(engine: Engine) -> None:
    options = dataclasses.replace(SHORT, beam_size=1, sampling_topk=20, seed=7)
    first, again = (engine.translate(TEXTS, "en", "de", options) for _ in range(2))
    assert first == again
    other = engine.translate(TEXTS, "en", "de", dataclasses.replace(options, seed=8))
    assert [one.text for one in first] != [one.text for one in other]


def test_force(engine: Engine) -> None:
    sources, targets = TEXTS[:4], TEXTS[6:10]
    found = engine.force(sources, targets, "en", "de")
    translator = ctranslate2.Translator(str(engine.info.path))
    prefixes = [engine.tokens([text], "en", "de")[0][1:-1] for text in targets]
    scored = translator.score_batch(engine.tokens(sources, "en", "de"), prefixes)
    for source, target, one, score in zip(sources, targets, found, scored, strict=True):
        assert one.text == target
        assert one.score == pytest.approx(float(np.mean(score.log_probs)), abs=1e-4)
        check_offsets(source, one.source_pieces)
        check_offsets(target, one.target_pieces)
        assert one.attention is not None
        assert one.attention.shape == (len(one.target_pieces), len(one.source_pieces))
        assert one.attention.sum() > 0
    assert engine.force([], [], "en", "de") == []
    assert engine.force(["", "A man"], ["x", ""], "en", "de")[0].score == 0.0
    with pytest.raises(ValueError, match="1 sources"):
        engine.force(["a"], [], "en", "de")


def test_forced_attention_is_that_of_decoding(engine: Engine) -> None:
    """Forcing what was decoded greedily gives the attention that decoding gave."""
    options = dataclasses.replace(WITH_ATTENTION, beam_size=1)
    for text in TEXTS:
        (one,) = engine.translate([text], "en", "de", options)
        (forced,) = engine.force([text], [one.text], "en", "de")
        if one.flags or forced.target_pieces != one.target_pieces:
            continue
        assert forced.attention == pytest.approx(one.attention, abs=1e-4)


def test_long_texts_are_split_not_cut(engine: Engine) -> None:
    words = [f"word{i}" for i in range(400)]
    for text in (" ".join(words), "x" * 2000, "日本語" * 200, ". ".join(words)):
        (one,) = engine.translate([text], "en", "de", WITH_ATTENTION)
        check_offsets(text, one.source_pieces)
        check_offsets(one.text, one.target_pieces)
        shape = (len(one.target_pieces), len(one.source_pieces))
        if math.prod(shape) > MAX_ATTENTION:
            # A model of random weights runs on; so large a table is not made.
            assert one.attention is None and one.flags
        else:
            assert one.attention is not None
            assert one.attention.shape == shape
        covered = {i for start, end in one.source_pieces for i in range(start, end)}
        assert covered >= {i for i, char in enumerate(text) if char != " "}


def test_too_long_to_force_is_flagged(engine: Engine) -> None:
    (one,) = engine.force(["word " * 300], ["Wort"], "en", "de")
    assert one.flags == ("length",) and one.attention is None


def test_threads_share_one_model(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    hardware = Hardware(device="cpu", threads=(2, 1))
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _: shared_engine(info, hardware), range(16)))
        assert len(set(map(id, engines))) == 1
        expected = engines[0].translate(TEXTS, "en", "de", SHORT)
        for found in pool.map(lambda _: engines[0].translate(TEXTS, "en", "de", SHORT), range(8)):
            assert [one.text for one in found] == [one.text for one in expected]


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


def test_impossible_hardware(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    with pytest.raises(UserError, match="choose from: auto, cpu, cuda"):
        Engine(info, Hardware(device="tpu"))
    with pytest.raises(UserError, match="compute type 'int3'"):
        Engine(info, Hardware(device="cpu", compute_type="int3"))


def test_more_positions_than_the_model_has(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    card = info.card.model_copy(update={"max_source_pieces": 1000})
    engine = Engine(dataclasses.replace(info, card=card), Hardware(device="cpu", threads=(1, 1)))
    with pytest.raises(UserError, match="--max-pieces"):
        engine.translate(["word " * 200], "en", "de", DecodingOptions(max_decoding_length=900))


def test_threads_by_size_and_device() -> None:
    assert choose_threads("cpu", 6_000_000, 2) == (2, 1)
    assert choose_threads("cpu", 3_000_000_000, 16) == (4, 4)
    assert choose_threads("cpu", 3_000_000_000, 2) == (1, 2)
    assert choose_threads("cuda", 6_000_000, 16) == (1, 1)


def test_altered_model_is_refused(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    files = {**info.card.files, "model.bin": "0" * 64}
    card = info.card.model_copy(update={"files": files})
    with pytest.raises(UserError, match="not the one that the model's card names"):
        Engine(dataclasses.replace(info, card=card), Hardware(device="cpu"))
