"""Texts of others in Markdown: shown as they are, whatever is in them."""

from __future__ import annotations

import pytest

from corpora.text.markdown import escape_markdown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("plain, text_with 1.5 (x)", "plain, text_with 1.5 (x)"),
        ("a|b", r"a\|b"),
        ("[x](javascript:alert(1))", r"\[x\](javascript:alert(1))"),
        ("![x](http://a.b/c.png)", r"!\[x\](http\://a.b/c.png)"),
        ("<img src=x onerror=y>", r"\<img src=x onerror=y\>"),
        ("`code` *bold* ~~out~~", r"\`code\` \*bold\* \~\~out\~\~"),
        ("see www.a.b or a@b.c", r"see www\.a.b or a\@b.c"),
        ("a\\|b", r"a\\\|b"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("a\nb\x1b[2J", "a␊b␛\\[2J"),
    ],
)
def test_what_markdown_would_act_on_is_escaped(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped
