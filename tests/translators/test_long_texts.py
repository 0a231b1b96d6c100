"""Texts longer than a model takes, cut at the best places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.engine import Engine
from translators.long_texts import Part, join_parts, split_long
from translators.pieces.open import open_codec
from translators.protocol import Hypothesis


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
    first, second = (Hypothesis(t, n, ((0, 2),), ((0, 1),)) for t, n in (("X", -1.0), ("Y", -2.0)))
    joined = join_parts(text, parts, [first, second])
    assert (joined.text, joined.score) == ("X  Y", -1.5)
    assert joined.source_pieces == ((0, 2), (4, 6)) and joined.target_pieces == ((0, 1), (3, 4))


def test_attention_of_a_sentence_of_100_000_pieces_is_dropped() -> None:
    count, part = 400, 250
    parts = [Part(n * part, (n + 1) * part, ["a"] * part) for n in range(count)]
    places = tuple((at, at + 1) for at in range(part))
    one = Hypothesis("b" * part, -1.0, places, places, np.eye(part, dtype=np.float32))
    joined = join_parts("a" * part * count, parts, [one] * count)
    assert joined.attention is None  # the matrix would take 40 GB
    assert len(joined.text) == len(joined.target_pieces) == part * count
    few = join_parts("a" * part * 2, parts[:2], [one] * 2)
    assert few.attention is not None and few.attention.shape == (500, 500)
