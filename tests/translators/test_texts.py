"""Whole texts, translated sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine
from translators.protocol import DecodingOptions, Hypothesis
from translators.sentences import split_sentences
from translators.texts import translate_texts


class Shouting:
    """Says every sentence in capitals, so that order and completeness can be read off."""

    name = "shouting@00000000"

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        assert all(len(text) < 100 for text in texts)
        return [Hypothesis(text.upper(), -1.0) for text in texts]

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        raise NotImplementedError


def numbered_text(count: int) -> tuple[str, list[str]]:
    sentences = [f"Dog {i} runs over the green hill again." for i in range(count)]
    return "  " + "".join(
        s + (" ", "\n\n", "\t ")[i % 3] for i, s in enumerate(sentences)
    ), sentences


def test_ten_thousand_words_whole_and_in_order() -> None:
    text, sentences = numbered_text(1250)
    assert len(text.split()) == 10_000
    (translation,) = translate_texts(Shouting(), [text], "en", "de", DecodingOptions())
    assert translation.texts == (text.upper(),)
    assert len(split_sentences(text, "en")) == len(sentences)


def test_sentences_keep_their_places(engine: Engine) -> None:
    text, sentences = numbered_text(12)
    options = DecodingOptions(beam_size=1, max_decoding_length=48)
    (translation,) = translate_texts(engine, [text], "en", "de", options)
    expected = text
    for sentence, single in zip(
        sentences, engine.translate(sentences, "en", "de", options), strict=True
    ):
        expected = expected.replace(sentence, single.text)
    assert translation.texts == (expected,)


def test_texts_without_splitting_and_n_best(engine: Engine) -> None:
    options = DecodingOptions(beam_size=3, num_hypotheses=3, max_decoding_length=12)
    whole, empty = translate_texts(
        engine, [" " + " ".join(TEXTS[:2]) + "\n", ""], "en", "de", options, split=False
    )
    assert all(text.startswith(" ") and text.endswith("\n") for text in whole.texts)
    assert empty.texts == ("",) and empty.score == 0.0


def test_a_long_sentence_weighs_more_than_a_short_one(engine: Engine) -> None:
    """Whether offsets of pieces are requested makes no difference to the score."""
    text = f"{TEXTS[5]}\n{TEXTS[1]} {TEXTS[1]}"
    for attention in (False, True):
        options = DecodingOptions(max_decoding_length=60, return_attention=attention)
        (whole,) = translate_texts(engine, [text], "en", "de", options)
        sentences = engine.translate(text.split("\n"), "en", "de", options)
        lengths = [max(1, sentence.target_length) for sentence in sentences]
        assert lengths[0] != lengths[1]
        total = sum(s.score * n for s, n in zip(sentences, lengths, strict=True))
        assert whole.score == pytest.approx(total / sum(lengths))


def test_a_sentence_that_comes_out_blank_flags_its_text() -> None:
    class Mute(Shouting):
        """Has no translation of what begins with `No`."""

        def translate(
            self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
        ) -> list[Hypothesis]:
            return [Hypothesis("" if text.startswith("No") else text, -1.0) for text in texts]

    texts = ["Yes, it is.\nNo, it is not.", "No, it is not.", "Yes, it is.", " "]
    translations = translate_texts(Mute(), texts, "en", "de", DecodingOptions())
    assert [translation.texts for translation in translations] == [
        ("Yes, it is.\n",), ("",), ("Yes, it is.",), (" ",)
    ]  # fmt: skip
    assert [translation.flags for translation in translations] == [
        ("empty",), ("empty",), (), ()
    ]  # fmt: skip
