from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.characters import CharClass, char_classes
from alignment.words.splitting import split_words

AWKWARD = st.text(
    st.sampled_from("aB ñe\u0301한국กำ่ไทย中文日本カタカナ🇩🇪👩\u200d🚀\ufe0f.,-’'\n\r\u200d9١"),
    max_size=25,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't go, Zoë!", ["Don", "'", "t", "go", ",", "Zoë", "!"]),
        ("EU-Kommission", ["EU", "-", "Kommission"]),
        ("12.30 Uhr, 1,000 €", ["12.30", "Uhr", ",", "1,000", "€"]),
        ("东京 Tokyo塔", ["东", "京", "Tokyo", "塔"]),
        ("カタカナを書く", ["カタカナ", "を", "書", "く"]),
        ("مرحبا، أنا", ["مرحبا", "،", "أنا"]),
        ("👩‍🚀🇩🇪", ["👩‍🚀", "🇩🇪"]),
        ("  ", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split_words(text).strings() == words


@settings(max_examples=150)
@given(AWKWARD)
def test_words_are_ordered_and_cover_everything_but_spaces(text: str) -> None:
    at = 0
    for start, end in split_words(text).offsets:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        at = end
    assert not text[at:].strip()


@settings(max_examples=300)
@given(st.text(st.sampled_from("aB9 1.,:/'_-\r\n\t\x0b\x1c\x7f$"), max_size=12))
def test_ascii_is_cut_as_any_text(text: str) -> None:
    # What follows the text makes it another path, and is a word of its own.
    cut = split_words(f"{text} 中").offsets
    assert split_words(text).offsets == cut[:-1]


def test_classes() -> None:
    assert char_classes("a,中%\u0301 ").tolist() == [
        CharClass.WORD, CharClass.PUNCTUATION, CharClass.UNSPACED, CharClass.SYMBOL,
        CharClass.EXTEND, CharClass.SPACE,
    ]  # fmt: skip
