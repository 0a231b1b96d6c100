"""Every change keeps links in range and does what it says."""

from __future__ import annotations

import random

import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translators.training.conftest import WORDS, split_words
from translators.training.batches import TrainingData
from translators.training.config import NoiseConfig
from translators.training.examples import ExampleMaker, Inventory, SentencePair

OFF = NoiseConfig(lower=0, swap=0, copy_word=0, add=0, markers=0)
PAIR = SentencePair(
    "Tom sees Berlin in 1999.", "Tom sieht 1999 Berlin.", ((0, 0), (1, 1), (2, 3), (4, 2), (5, 4))
)


@pytest.fixture(scope="module")
def processor(toy_data: TrainingData) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(toy_data.subwords))


def _maker(processor: sentencepiece.SentencePieceProcessor, **noise: float) -> ExampleMaker:
    config = OFF.model_copy(update=noise)
    inventory = Inventory(names=("Zagreb",), lower_words=frozenset({"tom"}))
    return ExampleMaker(processor, split_words, config, inventory, (("[", "]"),) * 3)


def _texts(processor, example) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    return processor.decode(list(example.source[1:-1])), processor.decode(list(example.target[:-1]))


def test_plain_example(processor) -> None:  # type: ignore[no-untyped-def]
    example = _maker(processor).make(PAIR, ">>yy<<", False, random.Random(0))
    assert example.source[0] == processor.piece_to_id(">>yy<<")
    assert example.source[-1] == example.target[-1] == processor.eos_id()
    assert _texts(processor, example) == (PAIR.source, PAIR.target)


def test_reverse_turns_links(processor) -> None:  # type: ignore[no-untyped-def]
    maker = _maker(processor)
    there = maker.make(PAIR, None, False, None)
    back = maker.make(PAIR, None, True, None)
    assert {(s, t) for t, s in there.links} == set(back.links)


def test_lower(processor) -> None:  # type: ignore[no-untyped-def]
    example = _maker(processor, lower=1.0).make(PAIR, ">>yy<<", False, random.Random(0))
    # What is copied is lower-cased on both sides; final punctuation goes on both.
    assert _texts(processor, example) == ("tom sees berlin in 1999", "tom sieht 1999 berlin")


def test_what_is_added_stands_after_both_sides(processor) -> None:  # type: ignore[no-untyped-def]
    maker = _maker(processor, add=1.0)
    added = set()
    for seed in range(200):
        source, target = _texts(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        assert source.startswith(f"{PAIR.source} ") and target.startswith(f"{PAIR.target} ")
        string = source.removeprefix(PAIR.source)
        assert string == target.removeprefix(PAIR.target)
        added.add(string)
    everything = "".join(added)
    assert all(sign in everything for sign in ("@", "#", "/", "www.", "Zagreb"))
    assert any(ord(sign) > 0x1F000 for sign in everything)


def test_swap_changes_both_sides_alike(processor) -> None:  # type: ignore[no-untyped-def]
    maker = _maker(processor, swap=1.0)
    seen = set()
    for seed in range(40):
        source, target = _texts(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        new = set(source.replace(".", "").split()) - {"Tom", "sees", "Berlin", "in", "1999"}
        assert new <= set(target.replace(".", "").split())
        seen |= new
    assert len(seen) > 10


def test_swap_takes_capitalised_words_that_differ(processor) -> None:  # type: ignore[no-untyped-def]
    maker = _maker(processor, swap=1.0)
    pair = SentencePair("but Mary sees", "aber Maria sieht", ((0, 0), (1, 1), (2, 2)))
    opening = SentencePair("Mary sees", "Maria sieht", ((0, 0), (1, 1)))
    changed = set()
    for seed in range(40):
        source, target = _texts(processor, maker.make(pair, ">>yy<<", False, random.Random(seed)))
        assert source.split()[1:-1] == target.split()[1:-1] != ["Mary"]
        changed.add(source)
        kept = _texts(processor, maker.make(opening, ">>yy<<", False, random.Random(seed)))
        assert kept == (opening.source, opening.target)
    assert len(changed) > 20


def test_titles_are_words_of_the_source_side_and_never_lowered(processor) -> None:  # type: ignore[no-untyped-def]
    inventory = Inventory(source_words=("sees", "in"), target_words=("sieht",))
    for lower, reverse, expected in (
        (0, False, {"Sees", "In"}),
        (0, True, {"Sieht"}),
        (1, False, set()),
    ):
        noise = OFF.model_copy(update={"swap": 1.0, "lower": lower})
        maker = ExampleMaker(processor, split_words, noise, inventory)
        titles = set()
        for seed in range(60):
            rng = random.Random(seed)
            source, target = _texts(processor, maker.make(PAIR, ">>yy<<", reverse, rng))
            titles |= {"Sees", "In", "Sieht"} & set(source.split()) & set(target.split())
        assert titles == expected


def test_titles_have_small_words_inside(processor) -> None:  # type: ignore[no-untyped-def]
    noise = OFF.model_copy(update={"swap": 1.0})
    maker = ExampleMaker(processor, split_words, noise, Inventory(source_words=("of",)))
    inside = 0
    for seed in range(60):
        source, target = _texts(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        inside += "Of of Of" in source
        assert source.count("of") == target.count("of")
    assert inside > 5


def test_markers_are_balanced(processor) -> None:  # type: ignore[no-untyped-def]
    maker = _maker(processor, markers=1.0)
    marked = 0
    for seed in range(30):
        source, target = _texts(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        assert source.count("[") == source.count("]") == target.count("[") == target.count("]")
        marked += "[" in source
        if "[ Berlin ]" in source:
            assert "[ Berlin ]" in target
    assert marked > 20


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=9), st.integers(0, 10_000))
def test_links_stay_in_range_and_true(processor, words: list[str], seed: int) -> None:  # type: ignore[no-untyped-def]
    pair = SentencePair(" ".join(words), " ".join(words), tuple((i, i) for i in range(len(words))))
    maker = _maker(processor, lower=0.5, swap=0.5, copy_word=0.2, add=0.3, markers=0.5)
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
