"""Scores and attention of given translations."""

from __future__ import annotations

import dataclasses

import ctranslate2
import numpy as np
import pytest

from tests.helpers.offset_checks import check_offsets
from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine
from translators.protocol import DecodingOptions

SHORT = DecodingOptions(max_decoding_length=24)


WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


def test_forced_attention_that_is_a_step_late_has_the_step_after_the_text(
    engine: Engine, late_engine: Engine
) -> None:
    targets = [f"{text} {text}" for text in TEXTS[::-1]]
    before = engine.force(TEXTS, targets, "en", "de")
    after = late_engine.force(TEXTS, targets, "en", "de")
    for text, hypothesis, other in zip(targets, before, after, strict=True):
        assert (other.text, other.score) == (text, hypothesis.score)
        assert hypothesis.attention is not None and other.attention is not None
        assert other.attention.shape == hypothesis.attention.shape
        assert other.attention[:-1] == pytest.approx(hypothesis.attention[1:], abs=1e-4)
        # Not a copy: the step after the text is decoded too.
        assert other.attention[-1] != pytest.approx(hypothesis.attention[-1], abs=1e-4)


def test_force(engine: Engine) -> None:
    sources, targets = TEXTS[:4], TEXTS[6:10]
    hypotheses = engine.force(sources, targets, "en", "de")
    translator = ctranslate2.Translator(str(engine.info.path))
    prefixes = [engine.tokens([text], "en", "de")[0][1:-1] for text in targets]
    scored = translator.score_batch(engine.tokens(sources, "en", "de"), prefixes)
    for source, target, hypothesis, score in zip(sources, targets, hypotheses, scored, strict=True):
        assert hypothesis.text == target
        assert hypothesis.score == pytest.approx(float(np.mean(score.log_probs)), abs=1e-4)
        check_offsets(source, hypothesis.source_pieces)
        check_offsets(target, hypothesis.target_pieces)
        assert hypothesis.attention is not None
        assert hypothesis.attention.shape == (
            len(hypothesis.target_pieces),
            len(hypothesis.source_pieces),
        )
        assert hypothesis.attention.sum() > 0
    assert engine.force([], [], "en", "de") == []
    assert engine.force(["", "A man"], ["x", ""], "en", "de")[0].score == 0.0
    with pytest.raises(ValueError, match="1 sources"):
        engine.force(["a"], [], "en", "de")


def test_forced_attention_is_that_of_decoding(engine: Engine) -> None:
    """Forcing what was decoded greedily gives the attention that decoding gave."""
    options = dataclasses.replace(WITH_ATTENTION, beam_size=1)
    for text in TEXTS:
        (hypothesis,) = engine.translate([text], "en", "de", options)
        (forced,) = engine.force([text], [hypothesis.text], "en", "de")
        if hypothesis.flags or forced.target_pieces != hypothesis.target_pieces:
            continue
        assert forced.attention == pytest.approx(hypothesis.attention, abs=1e-4)


def test_too_long_to_force_is_flagged(engine: Engine) -> None:
    (hypothesis,) = engine.force(["word " * 300], ["Wort"], "en", "de")
    assert hypothesis.flags == ("length",) and hypothesis.attention is None
