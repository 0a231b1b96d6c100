"""Texts cut into sentences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.reassembly import Reassembly
from translators.sentences import split_sentences

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
    reassembly = Reassembly(text)
    starts = [reassembly.add(start, end, text[start:end], 0.0, 1) for start, end in sentences]
    assert reassembly.finish().text == text
    assert starts == [start for start, _ in sentences]
