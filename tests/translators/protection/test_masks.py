"""Masks in, items out, with pieces and attention over the real texts."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.offset_checks import check_offsets
from tests.helpers.toy_translator import ToyTranslator
from translators.protection.masks import Slot, mask_text, slots_of, unmask
from translators.protection.patterns import find_patterns
from translators.protocol import DecodingOptions, Hypothesis

OPTIONS = DecodingOptions(return_attention=True)


def masked(text: str) -> tuple[str, Hypothesis | None]:
    """The masked text, and what the toy makes of it with the items put back."""
    slots = slots_of(find_patterns(text), text)
    named = [dataclasses.replace(slot, mask=f"XQ{n + 1}") for n, slot in enumerate(slots)]
    result = mask_text(text, named)
    (hypothesis,) = ToyTranslator().translate([result.text], "en", "de", OPTIONS)
    return result.text, unmask(result, hypothesis)


def test_neighbours_share_a_mask() -> None:
    text, hypothesis = masked("see {a} {b}/{c}now, 2 km")
    assert text == "see XQ1/XQ2 now, XQ3"
    assert hypothesis is not None and hypothesis.text == "2 km NOW, {a} {b}/{c}SEE"


def test_an_item_is_aligned_with_itself() -> None:
    text, hypothesis = masked("greet {name} now")
    assert text == "greet XQ1 now"
    assert hypothesis is not None and hypothesis.attention is not None
    assert hypothesis.text == "NOW {name} GREET"
    source = ["greet", "{", "name", "}", "now"]
    target = ["NOW", "{", "name", "}", "GREET"]
    assert ["greet {name} now"[a:b] for a, b in hypothesis.source_pieces] == source
    assert [hypothesis.text[a:b] for a, b in hypothesis.target_pieces] == target
    expected = np.zeros((5, 5), np.float32)
    for row, column in enumerate((4, 1, 2, 3, 0)):
        expected[row, column] = 1.0
    np.testing.assert_array_equal(hypothesis.attention, expected)


def test_spaces_that_were_added_are_removed() -> None:
    text, hypothesis = masked("so😍good")
    assert text == "so XQ1 good"
    assert hypothesis is not None and hypothesis.text == "GOOD😍SO"


def test_a_mask_that_is_missing_or_doubled() -> None:
    result = mask_text("a {x} b", [Slot("XQ1", 2, 5, "{x}", "{x}")])
    for text in ("我去XQ1吧", "XQ1에 가다", "XQ1s Haus"):
        placed = unmask(result, Hypothesis(text, 0.0))
        assert placed is not None and placed.text == text.replace("XQ1", "{x}")
    for text in ("A B", "A XQ1 XQ1", "A XQ12", "A xq1"):
        assert unmask(result, Hypothesis(text, 0.0)) is None
    restored = unmask(result, Hypothesis("A XQ1-B", 0.0, piece_count=3))
    assert restored is not None
    assert (restored.text, restored.target_length) == ("A {x}-B", 3)


@given(st.lists(st.sampled_from(["a", "bc", " ", "{x}", "😍", "<b>", "</b>", ",", "%s", "é"])))
def test_round_trip(parts: list[str]) -> None:
    """The toy turns words round; every item is there as often, and offsets hold."""
    text = "".join(parts)
    _, hypothesis = masked(text)
    assert hypothesis is not None
    for item, count in Counter(item.text for item in find_patterns(text)).items():
        assert hypothesis.text.count(item) >= count
    check_offsets(hypothesis.text, hypothesis.target_pieces)
    check_offsets(text, hypothesis.source_pieces)
    if hypothesis.attention is not None:
        assert hypothesis.attention.shape == (
            len(hypothesis.target_pieces),
            len(hypothesis.source_pieces),
        )
