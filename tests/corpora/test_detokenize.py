"""Tokens to text. The expected texts are what a person would write; only spaces differ."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora import detokenize as module
from corpora.detokenize import align_tokens, detokenize

CASES = [
    ("en", "EU rejects German lamb .", "EU rejects German lamb."),
    ("en", 'He said : " I do n\'t , " and', 'He said: "I don\'t," and'),
    ("en", "she 's gone ( really ) .", "she's gone (really)."),
    ("en", "It costs $ 5 , or 10 % of 3.5 - 4 .", "It costs $5, or 10% of 3.5 - 4."),
    ("en", "“ Hello ” , said Peter ’s dog", "“Hello”, said Peter’s dog"),
    ("en", "the word 漢字 means", "the word 漢字 means"),
    ("en", "a @-@ b &amp; c", "a @-@ b &amp; c"),
    ("de", "Er sagte : „ Das ist gut “ , und ging .", "Er sagte: „Das ist gut“, und ging."),
    ("de", "Er sagte : » Gut « , und ging .", "Er sagte: »Gut«, und ging."),
    ("fr", "l' homme a dit oui .", "l'homme a dit oui."),
    ("cs", "e - mail a - li 5 . 6", "e - mail a - li 5. 6"),
    ("zh-Hans", "我 喜欢 Python 编程 。", "我喜欢Python编程。"),
    ("ja", "私 は 東京 に 住ん で い ます 。", "私は東京に住んでいます。"),
    ("th", "ฉัน รัก Python มาก", "ฉันรัก Python มาก"),
    ("ko", "나는 학교에 간다 .", "나는 학교에 간다."),
    ("en", "-", "-"),
]


@pytest.mark.parametrize(("lang", "tokens", "text"), CASES)
def test_spacing(lang: str, tokens: str, text: str) -> None:
    made, offsets = detokenize(tokens.split(), lang)
    assert made == text
    assert [made[start:end] for start, end in offsets] == tokens.split()


TOKENS = st.sampled_from(
    ["a", "dogs", "Häuser", "7", "90s", "pre-war", ",", ".", "(", ")", '"', "'", "''", "``", "'s",
     "n't", "’s", "„", "“", "”", "$", "%", "?", "...", "-", "l'", "日本", "。", "ไทย", "@-@", "&",
     "N:n", ":", "n", "x y", "1\u00a0000", "«", "»", "한국"]
)  # fmt: skip


@given(st.lists(TOKENS, min_size=1, max_size=12), st.sampled_from(["en", "fr", "de", "zh", "fi"]))
@settings(max_examples=200, deadline=None)
def test_tokens_stand_in_the_text_and_are_found_again(tokens: list[str], lang: str) -> None:
    text, offsets = detokenize(tokens, lang)
    assert [text[start:end] for start, end in offsets] == tokens
    assert align_tokens(tokens, text) == offsets
    assert text.replace(" ", "") == "".join(tokens).replace(" ", "")


@given(st.lists(TOKENS, min_size=1, max_size=12), st.sampled_from(["en", "fr", "it", "de", "zh"]))
@settings(max_examples=200, deadline=None)
def test_the_short_cut_through_plain_words_changes_nothing(tokens: list[str], lang: str) -> None:
    assert module._glue(tokens, lang) == list(module._glue_skeleton(tuple(tokens), lang))


def test_tokens_that_are_not_the_text() -> None:
    assert align_tokens(["a", "b"], " a  b\n") == ((1, 2), (4, 5))
    assert align_tokens(["a", "c"], "a b c") == 1
    assert align_tokens(["a", "b"], "a b c") == 2
    assert align_tokens(["a", "b"], "a") == 1
