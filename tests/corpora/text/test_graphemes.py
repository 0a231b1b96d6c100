"""Grapheme clusters, against `regex`'s own."""

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.text.graphemes import is_boundary, widen_to_graphemes
from tests.helpers.row_strategies import clusters, texts

FAMILY = "👩‍👩‍👧 there"
AWKWARD = st.text(
    st.sampled_from(
        "aB ñe\u0301한국กำ่ไทย中文日本カタカナ🇩🇪👩\u200d🚀\ufe0f.,-’'\n\r\u200d9١\u0600"
    ),
    max_size=25,
)


@given(texts)
@settings(max_examples=100, deadline=None)
def test_an_offset_is_a_boundary_exactly_at_the_edge_of_a_cluster(text: str) -> None:
    edges = {0, *(end for _, end in clusters(text))}
    for offset in range(len(text) + 1):
        assert is_boundary(text, offset) == (offset in edges)


@settings(max_examples=200, deadline=None)
@given(AWKWARD)
def test_boundaries_are_those_of_the_standard(text: str) -> None:
    expected = {0, len(text), *(m.start() for m in regex.finditer(r"\X", text))}
    assert {i for i in range(len(text) + 1) if is_boundary(text, i)} == expected


@settings(deadline=None)
@given(AWKWARD, AWKWARD)
def test_two_texts_in_turn_are_not_mixed_up(first: str, second: str) -> None:
    for offset in range(min(len(first), len(second))):
        for text in (first, second):
            edges = {0, len(text), *(end for _, end in clusters(text))}
            assert is_boundary(text, offset) == (offset in edges)


def test_widening_takes_whole_clusters() -> None:
    assert widen_to_graphemes(FAMILY, 1, 2) == (0, 5)
    assert widen_to_graphemes("abc", 1, 2) == (1, 2)
    assert widen_to_graphemes("x👩\u200d🚀y", 2, 3) == (1, 4)
