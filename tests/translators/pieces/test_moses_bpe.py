"""Pieces by Moses and BPE: as subword-nmt cuts them, each where it stands in the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.pieces.moses_bpe import MosesBpeCodec

MERGES = "#version: 0.2\nt h\nth e</w>\nw o\nwo r\nl o\nlo w</w>\ne r</w>\n"


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> MosesBpeCodec:
    path = tmp_path_factory.mktemp("bpe") / "bpe.model"
    path.write_text(MERGES, encoding="utf-8")
    return MosesBpeCodec(path, "en", "de")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        # The last letter of a word merges only as one: `low` at the end, `lo` within.
        ("the low lower", ["the", "low", "lo@@", "w@@", "er"]),
        ("other words", ["o@@", "th@@", "er", "wor@@", "d@@", "s"]),
        ("“low”", ["&@@", "q@@", "u@@", "o@@", "t@@", ";", "low", *["&", "q", "u", "o", "t"], ";"]),
        ("", []),
        (" \u00a0 ", []),
    ],
)
def test_pieces(codec: MosesBpeCodec, text: str, pieces: list[str]) -> None:
    expected = [f"{p}@@" if p in ["&", "q", "u", "o", "t"] else p for p in pieces]
    assert codec.encode([text]) == [expected]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("the low", ["the", "low"]),
        ("it’s  low", ["i", "t", *["’"] * 6, "s", "low"]),
        ("“low”", [*["“"] * 6, "low", *["”"] * 6]),
        ("a & b…", ["a", *["&"] * 5, "b", "…", "…", "…"]),
    ],
)
def test_offsets(codec: MosesBpeCodec, text: str, places: list[str]) -> None:
    (pieces,) = codec.encode([text])
    (offsets,) = codec.offsets([text], [pieces])
    assert [text[start:end] for start, end in offsets][: len(places)] == places


def test_decoding(codec: MosesBpeCodec) -> None:
    pieces = ["<unk>", "D@@", "as", "&quot;", "wor@@", "k", "&quot;", "!"]
    text, offsets = codec.decode(pieces)
    assert text == 'Das "work"!'
    places = [text[start:end] for start, end in offsets]
    assert places == ["", "D", "as", '"', "wor", "k", '"', "!"]
    assert codec.decode([]) == ("", ())
    assert codec.decode_text(["lo@@"]) == "lo"


@given(st.text(max_size=40))
def test_offsets_stay_in_the_text_and_in_order(codec: MosesBpeCodec, text: str) -> None:
    (pieces,) = codec.encode([text])
    (offsets,) = codec.offsets([text], [pieces])
    assert len(offsets) == len(pieces)
    last = 0
    for start, end in offsets:
        assert 0 <= start <= end <= len(text)
        assert start >= last or text[start:end].strip() != ""
        last = max(last, start)
    decoded, target = codec.decode(pieces)
    assert len(target) == len(pieces)
    assert all(0 <= start <= end <= len(decoded) for start, end in target)
