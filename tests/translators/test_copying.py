"""Texts without words are copied."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.helpers.offset_checks import check_offsets
from translators.copying import is_copied
from translators.engine import Engine
from translators.protocol import DecodingOptions

SHORT = DecodingOptions(max_decoding_length=24)


WITH_ATTENTION = dataclasses.replace(SHORT, return_attention=True)


@pytest.mark.parametrize(
    "text",
    ["!!!", "2024-01-01", "1,234.56 €", "😀 👨‍👩‍👧", "…", " 42 ", "foo.bar@example.com",
     "https://example.com/a?b=c", "@someone"],
)  # fmt: skip
def test_texts_without_words_are_copied(engine: Engine, text: str) -> None:
    (hypothesis,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert (hypothesis.text, hypothesis.flags) == (text, ())
    check_offsets(text, hypothesis.target_pieces)
    assert hypothesis.source_pieces == hypothesis.target_pieces
    assert hypothesis.attention is not None
    assert (hypothesis.attention == np.eye(len(hypothesis.source_pieces))).all()


@pytest.mark.parametrize(
    "text",
    ["a", "7 pm", "你好", "mail me@home.org", "№ 5 x", "https://example.com请访问这个网站。",
     "@小明你今天吃饭了吗", "@สมชายกินข้าวหรือยัง", "me@home.orgに送ってください"],
)  # fmt: skip
def test_texts_with_words_are_not_copied(text: str) -> None:
    assert not is_copied(text)


def test_a_long_copy_does_not_fill_the_memory(engine: Engine) -> None:
    text = " ".join(map(str, range(3000)))
    (hypothesis,) = engine.translate([text], "en", "de", WITH_ATTENTION)
    assert hypothesis.text == text
    assert len(hypothesis.source_pieces) == len(hypothesis.target_pieces) > 3000
    assert hypothesis.attention is None
