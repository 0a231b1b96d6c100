"""Texts as a model reads them, and where their characters were."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpora.text.graphemes import is_boundary
from corpora.text.normalisation import is_plain
from tests.helpers.odd_texts import LATIN, ODD_TEXTS
from translators.pieces.normaliser import TextNormaliser

FAMILY, ARABIC, HINDI = "👨‍👩‍👧", "می‌خواهم", "क्‍ष"


def normalise(text: str, characters: str = LATIN) -> str:
    return TextNormaliser(lambda: characters).normalise(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (unicodedata.normalize("NFD", "München fährt"), "München fährt"),
        ("Fly\tme\u00a0to\u202fOslo\u2009now\nor\u3000never", "Fly me to Oslo now or never"),
        ("\ufeffto\u00admor\u200brow\u2060", "tomorrow"),
        ("\u202eright\u202c \u200eto\u200f left\x07", "right to left"),
        ("ﬁrst ﬂight Ｏｓｌｏ １２３ ℃ 𝐛𝐨𝐥𝐝", "first flight Oslo 123 °C bold"),
        ("10² ½ ①", "10² ½ ①"),  # other numbers, were they plain digits
        ("a\u200db\u200cc", "abc"),
        (ARABIC, ARABIC),
        (HINDI, HINDI),
        (FAMILY, FAMILY),
        ("❤️ ok", "❤️ ok"),
        ("plain text", "plain text"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_what_the_model_reads(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_forms_that_the_model_has_pieces_for_stay() -> None:
    assert normalise("你好，１", "你好，,1") == "你好，1"
    assert normalise("…", "….") == "…"
    assert normalise("…", ".") == "..."
    assert normalise("ﬁ", "f") == "ﬁ"  # its plain characters are not better known


def test_word_breaks_of_south_east_asia() -> None:
    khmer = "ខ្ញុំ\u200bស្រឡាញ់"
    assert TextNormaliser(lambda: "").normalise(khmer) == khmer.replace("\u200b", "")
    keeping = TextNormaliser(lambda: "", keeps_word_breaks=True)
    assert keeping.normalise(khmer) == khmer
    assert keeping.normalise("to\u200bday") == "today"


def test_offsets_are_those_of_the_original() -> None:
    text = "\ufeffMu\u0308n\u00adchen ﬁel"
    traced = TextNormaliser(lambda: LATIN).trace(text)
    assert traced.text == "München fiel"
    assert traced.original(((0, 7), (8, 12), (8, 9), (9, 10), (12, 12))) == (
        (1, 10), (11, 14), (11, 12), (11, 12), (14, 14),
    )  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(text=ODD_TEXTS)
@example(text=f"{FAMILY}{ARABIC}\r\n{HINDI}")
def test_every_character_is_traced(text: str) -> None:
    normaliser = TextNormaliser(lambda: LATIN)
    traced = normaliser.trace(text)
    assert traced.text == normaliser.normalise(text)
    assert unicodedata.is_normalized("NFC", traced.text)
    assert normaliser.normalise(traced.text) == traced.text
    assert len(traced.starts) == len(traced.ends) == len(traced.text)
    assert list(traced.starts) == sorted(traced.starts)
    assert list(traced.ends) == sorted(traced.ends)
    last = (0, 0)
    for start, end in zip(traced.starts, traced.ends, strict=True):
        assert 0 <= start < end <= len(text)
        assert (start, end) == last or start >= last[1]
        last = start, end
    covered = {i for start, end in zip(traced.starts, traced.ends, strict=True)
               for i in range(start, end)}  # fmt: skip
    assert {i for i, char in enumerate(text) if char.isalnum()} <= covered
    if is_plain(text):
        assert traced.text == text


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(alphabet="aAu\u0308\u0301\u0323 .\u1100\u1161\u11a8क्\u09c7\u09be😀", max_size=30)
)
def test_no_grapheme_is_cut(text: str) -> None:
    traced = TextNormaliser(lambda: LATIN).trace(text)
    assert traced.text == unicodedata.normalize("NFC", text)
    for start, end in zip(traced.starts, traced.ends, strict=True):
        if end - start > 1:
            assert is_boundary(text, start) and is_boundary(text, end)
