from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translators.tiny import TEXTS
from translators.engine import Engine
from translators.long_texts import join_parts, split_long
from translators.protocol import DecodingOptions, Hypothesis
from translators.sentences import Joint, join_sentences, split_sentences
from translators.texts import translate_texts
from translators.tokenizers_file import open_codec

CASES = [
    ("en", "Dr. Smith went. He left!\n\n  OK?  Yes.",
     ["Dr. Smith went.", "He left!", "OK?", "Yes."]),
    ("en", "set alarm for 7:30 p.m. tomorrow", ["set alarm for 7:30 p.m. tomorrow"]),
    ("en", "Visit node.Js or Yahoo!Mail now. It costs $3.50.",
     ["Visit node.Js or Yahoo!Mail now.", "It costs $3.50."]),
    ("de", "Am 3. Mai war z.B. er da. Ja.", ["Am 3. Mai war z.B. er da.", "Ja."]),
    ("zh-Hans", "你好。“今天天气不错！”走吧", ["你好。", "“今天天气不错！”", "走吧"]),
    ("ja", "今日は。「はい。」と言った。", ["今日は。", "「はい。」", "と言った。"]),
    ("ar", "مرحبا. كيف حالك؟ بخير", ["مرحبا.", "كيف حالك؟", "بخير"]),
    ("hi", "नमस्ते। कैसे हो?", ["नमस्ते।", "कैसे हो?"]),
    ("th", "สวัสดีครับ ผมชื่อ สบายดี", ["สวัสดีครับ ผมชื่อ สบายดี"]),
    ("en", "one\r\ntwo\u2028three", ["one", "two", "three"]),
    ("en", "", []),
    ("en", " \t\n ", []),
    ("qaa", "An unknown language. It is split.", ["An unknown language.", "It is split."]),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "text", "expected"), CASES)
def test_split(lang: str, text: str, expected: list[str]) -> None:
    assert [text[a:b] for a, b in split_sentences(text, lang)] == expected


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=60) | st.text(alphabet='aB.!? \n。」؟\u00a0\u200b3"(', max_size=60),
    lang=st.sampled_from(["en", "de", "zh", "ja", "ar", "th", "hi", "fr", "ru", "und"]),
)
def test_only_white_space_lies_between(text: str, lang: str) -> None:
    sentences = split_sentences(text, lang)
    at = 0
    for start, end in sentences:
        assert at <= start < end <= len(text)
        assert text[at:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        at = end
    assert text[at:].strip() == ""
    joined, starts = join_sentences(text, sentences, [text[a:b] for a, b in sentences])
    assert joined == text
    assert starts == [start for start, _ in sentences]


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
    (one,) = translate_texts(Shouting(), [text], "en", "de", DecodingOptions())
    assert one.texts == (text.upper(),)
    assert len(split_sentences(text, "en")) == len(sentences)


def test_sentences_by_the_engine_come_where_they_stood(engine: Engine) -> None:
    text, sentences = numbered_text(12)
    options = DecodingOptions(beam_size=1, max_decoding_length=48)
    (one,) = translate_texts(engine, [text], "en", "de", options)
    expected = text
    for sentence, single in zip(
        sentences, engine.translate(sentences, "en", "de", options), strict=True
    ):
        expected = expected.replace(sentence, single.text)
    assert one.texts == (expected,)


def test_texts_without_splitting_and_n_best(engine: Engine) -> None:
    options = DecodingOptions(beam_size=3, num_hypotheses=3, max_decoding_length=12)
    whole, empty = translate_texts(
        engine, [" " + " ".join(TEXTS[:2]) + "\n", ""], "en", "de", options, split=False
    )
    assert all(text.startswith(" ") and text.endswith("\n") for text in whole.texts)
    assert empty.texts == ("",) and empty.score == 0.0


def encode(texts: list[str]) -> list[list[str]]:
    """A piece a character but spaces."""
    return [[char for char in text if char != " "] for text in texts]


def offsets_of(text: str) -> list[tuple[int, int]]:
    return [(i, i + 1) for i, char in enumerate(text) if char != " "]


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="ab .,。", min_size=1, max_size=80), limit=st.integers(1, 12))
def test_long_parts_hold_everything(text: str, limit: int) -> None:
    parts = split_long(text, offsets_of(text), limit, encode)
    assert all(0 < len(part.pieces) <= limit for part in parts)
    rest, at = "", 0
    for part in parts:
        assert part.start >= at
        rest, at = rest + text[at : part.start], part.end
    assert (rest + text[at:]).strip() == ""


def test_cuts_come_at_the_best_place() -> None:
    def cut(text: str, limit: int) -> list[str]:
        parts = split_long(text, offsets_of(text), limit, encode)
        return [text[part.start : part.end] for part in parts]

    assert cut("aaaa. bb cc", 8) == ["aaaa.", "bb cc"]
    assert cut("aaaa, bb cc", 8) == ["aaaa,", "bb cc"]
    assert cut("aaaa bbb ccc", 8) == ["aaaa bbb", "ccc"]
    assert cut("aaaaaaaaaa", 4) == ["aaaa", "aaaa", "aa"]


@pytest.mark.parametrize("text", ["word " * 20_000, "x" * 100_000, "日本" * 50_000])
def test_a_hundred_thousand_characters(engine: Engine, text: str) -> None:
    codec = open_codec(engine.info, 1)
    (pieces,) = codec.encode([text])
    (offsets,) = codec.offsets([text], [pieces])
    parts = split_long(text, offsets, 80, codec.encode)
    assert all(len(part.pieces) <= 80 for part in parts)
    whole = "".join(text[part.start : part.end] for part in parts)
    assert whole.replace(" ", "") == text.replace(" ", "")


def test_joined_parts_keep_the_space_between() -> None:
    text = "aa  bb"
    parts = split_long(text, offsets_of(text), 2, encode)
    one, two = (Hypothesis(t, n, ((0, 2),), ((0, 1),)) for t, n in (("X", -1.0), ("Y", -2.0)))
    joined = join_parts(text, parts, [one, two])
    assert (joined.text, joined.score) == ("X  Y", -1.5)
    assert joined.source_pieces == ((0, 2), (4, 6)) and joined.target_pieces == ((0, 1), (3, 4))


@pytest.mark.parametrize(
    ("source", "target", "text", "expected"),
    [
        ("zh-Hans", "en", "你好。世界。", "Hello. World."),
        ("en", "zh-Hans", "Hello. World.", "你好。世界。"),
        ("en", "de", "Hello. World.", "Hallo. Welt."),
        ("ja", "zh-Hant", "今日は。世界。", "你好。世界。"),
        ("en", "zh", "Hello.\n\nWorld.", "你好。\n\n世界。"),
    ],
)
def test_sentences_are_joined_as_the_target_language_writes(
    source: str, target: str, text: str, expected: str
) -> None:
    cuts = split_sentences(text, source)
    assert len(cuts) == 2
    parts = [expected[a:b] for a, b in split_sentences(expected, target)]
    joined, starts = join_sentences(text, cuts, parts, Joint(source, target))
    assert joined == expected
    assert [joined[at:].startswith(part) for at, part in zip(starts, parts, strict=True)] == [
        True,
        True,
    ]
