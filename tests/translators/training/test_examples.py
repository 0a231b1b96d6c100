"""Examples keep their links in range, whatever was changed."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.reversed_words import PAIR, WORDS, example_maker, texts_of
from translators.training.words import SentencePair


def test_plain_example(processor) -> None:  # type: ignore[no-untyped-def]
    example = example_maker(processor).make(PAIR, ">>yy<<", False, random.Random(0))
    assert example.source[0] == processor.piece_to_id(">>yy<<")
    assert example.source[-1] == example.target[-1] == processor.eos_id()
    assert texts_of(processor, example) == (PAIR.source, PAIR.target)


def test_reverse_transposes_links(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor)
    forward = maker.make(PAIR, None, False, None)
    backward = maker.make(PAIR, None, True, None)
    assert {(s, t) for t, s in forward.links} == set(backward.links)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), st.integers(0, 10_000))
def test_links_stay_in_range_and_true(processor, words: list[str], seed: int) -> None:  # type: ignore[no-untyped-def]
    pair = SentencePair(" ".join(words), " ".join(words), tuple((i, i) for i in range(len(words))))
    maker = example_maker(processor, lower=0.5, swap=0.5, copy_word=0.2, add=0.3, markers=0.5)
    example = maker.make(pair, ">>yy<<", False, random.Random(seed))
    for target, source in example.links:
        assert 0 <= target < len(example.target) - 1
        assert 1 <= source < len(example.source) - 1
    # The pair is a copy, so a target piece is linked to an identical word's piece.
    for target, source in example.links:
        same = processor.id_to_piece(example.target[target])
        word = [processor.id_to_piece(example.source[s]) for t, s in example.links if t == target]
        assert same in word or same.lower() in {w.lower() for w in word}
        assert source
