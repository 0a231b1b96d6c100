"""Texts that are hard to cut, and what holds for the offsets of any."""

from __future__ import annotations

HARD_TEXTS = [
    "", " ", "  A  man ", ">>de<< A man", "</s>", "a</s>b<unk><pad>", "▁A▁ man▁", "\t\n\r",
    "😀😀 👨‍👩‍👧", "שלום עולם", "日本語のテスト", "A\0man", "ﬁ ½ Å e\u0301", "x" * 300, "<0x41>",
    "__de__ deu_Latn <2de>",
    "\ud800 lone", "a\u200bb\u00a0c", ">>de<<>>en<<", "< s >", "_a_ __b__",
]  # fmt: skip


def check_offsets(text: str, offsets: tuple[tuple[int, int], ...]) -> None:
    """Inside the text, in order, no leading space, and every visible character covered."""
    last = (0, 0)
    for start, stop in offsets:
        assert 0 <= start <= stop <= len(text)
        assert start >= last[1] or (start, stop) == last or start == stop == last[0]
        assert not text[start:stop].startswith(" ")
        last = (start, stop)
    covered = {i for start, stop in offsets for i in range(start, stop)}
    plain = {i for i, char in enumerate(text) if char.isalnum() and char.isascii()}
    assert plain <= covered
