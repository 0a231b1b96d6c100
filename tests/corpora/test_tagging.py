"""Tagging schemes."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.tagging import (
    Chunk,
    IllegalTagError,
    Scheme,
    decode,
    detect_scheme,
    encode_iob2,
    scheme_named,
)


@st.composite
def chunkings(draw: st.DrawFn) -> tuple[list[Chunk], int]:
    length = draw(st.integers(1, 12))
    edges = sorted(draw(st.sets(st.integers(0, length), max_size=8)))
    labels = st.sampled_from(["PER", "LOC", "a-b"])
    chunks = [(start, end, draw(labels)) for start, end in pairwise(edges) if draw(st.booleans())]
    return chunks, length


def in_bioes(chunks: list[Chunk], length: int, end_sign: str, single_sign: str) -> list[str]:
    tags = ["O"] * length
    for first, end, label in chunks:
        if end - first == 1:
            tags[first] = f"{single_sign}-{label}"
        else:
            tags[first:end] = [f"I-{label}"] * (end - first)
            tags[first], tags[end - 1] = f"B-{label}", f"{end_sign}-{label}"
    return tags


def in_iob1(chunks: list[Chunk], length: int) -> list[str]:
    tags = ["O"] * length
    for first, end, label in chunks:
        tags[first:end] = [f"I-{label}"] * (end - first)
        if first and tags[first - 1][2:] == label:
            tags[first] = f"B-{label}"
    return tags


@given(chunkings())
@settings(max_examples=150, deadline=None)
def test_every_scheme_reads_what_was_meant(case: tuple[list[Chunk], int]) -> None:
    chunks, length = case
    assert decode(encode_iob2(chunks, length), "iob2") == chunks
    assert decode(in_iob1(chunks, length), "iob1") == chunks
    assert decode(in_bioes(chunks, length, "E", "S"), "bioes") == chunks
    assert decode(in_bioes(chunks, length, "L", "U"), "bioes") == chunks


@pytest.mark.parametrize(
    ("scheme", "tags", "index", "repaired"),
    [
        ("iob2", "O I-X", 1, [(1, 2, "X")]),
        ("iob2", "B-X I-Y", 1, [(0, 1, "X"), (1, 2, "Y")]),
        ("iob1", "O B-X", 1, [(1, 2, "X")]),
        ("iob1", "I-X B-Y", 1, [(0, 1, "X"), (1, 2, "Y")]),
        ("bioes", "B-X O", 1, [(0, 1, "X")]),
        ("bioes", "B-X I-X", 2, [(0, 2, "X")]),
        ("bioes", "O E-X", 1, [(1, 2, "X")]),
        ("bioes", "B-X B-X E-X", 1, [(0, 1, "X"), (1, 3, "X")]),
        ("bioes", "B-X S-X", 1, [(0, 1, "X"), (1, 2, "X")]),
    ],
)
def test_illegal_sequences(scheme: Scheme, tags: str, index: int, repaired: list[Chunk]) -> None:
    with pytest.raises(IllegalTagError, match="illegal in") as caught:
        decode(tags.split(), scheme)
    assert caught.value.index == index
    counts: Counter[str] = Counter()
    assert decode(tags.split(), scheme, counts) == repaired
    assert counts == {"illegal-tag": 1}


def test_a_tag_of_no_scheme_is_an_error_in_any_case() -> None:
    for tags in (["PER"], ["B-"], ["B_"], ["E"], ["E-X"], [""]):
        with pytest.raises(IllegalTagError, match="not a tag"):
            decode(tags, "iob2")
        with pytest.raises(IllegalTagError, match="not a tag"):
            decode(tags, "iob2", Counter())


def test_what_starts_with_o_can_be_repaired() -> None:
    tags = ["B-time", "Otime", "O"]
    with pytest.raises(IllegalTagError, match="'Otime' is not a tag"):
        decode(tags, "iob2")
    counts: Counter[str] = Counter()
    assert decode(tags, "iob2", counts) == [(0, 1, "time")]
    assert counts == {"illegal-tag": 1}


def test_detection() -> None:
    assert detect_scheme([["O"], ["B-X", "I-X"]]) == "iob2"
    assert detect_scheme([["O", "I-X", "B-X"], ["I-Y", "O"]]) == "iob1"
    assert detect_scheme([["B-X", "L-X"]]) == "bioes"
    assert detect_scheme([["O", "S-X"]]) == "bioes"
    assert detect_scheme([]) == "iob2"
    assert scheme_named("BILOU") == "bioes"
    assert scheme_named("bio") == "iob2"
    assert scheme_named("xyz") is None
