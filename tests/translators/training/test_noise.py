"""Every change does what it says."""

from __future__ import annotations

import random

from tests.helpers.reversed_words import PAIR, example_maker, texts_of
from translators.training.words import SentencePair


def test_lower(processor) -> None:  # type: ignore[no-untyped-def]
    example = example_maker(processor, lower=1.0).make(PAIR, ">>yy<<", False, random.Random(0))
    # What is copied is lower-cased on both sides; final punctuation goes on both.
    assert texts_of(processor, example) == ("tom sees berlin in 1999", "tom sieht 1999 berlin")


def test_added_strings_stand_after_both_sides(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor, add=1.0)
    added = set()
    for seed in range(200):
        source, target = texts_of(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        assert source.startswith(f"{PAIR.source} ") and target.startswith(f"{PAIR.target} ")
        string = source.removeprefix(PAIR.source)
        assert string == target.removeprefix(PAIR.target)
        added.add(string)
    everything = "".join(added)
    assert all(sign in everything for sign in ("@", "#", "/", "www.", "Zagreb"))
    assert any(ord(sign) > 0x1F000 for sign in everything)


def test_swap_changes_both_sides_alike(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor, swap=1.0)
    seen = set()
    for seed in range(40):
        source, target = texts_of(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        new = set(source.replace(".", "").split()) - {"Tom", "sees", "Berlin", "in", "1999"}
        assert new <= set(target.replace(".", "").split())
        seen |= new
    assert len(seen) > 10


def test_swap_takes_capitalised_words_that_differ(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor, swap=1.0)
    pair = SentencePair("but Mary sees", "aber Maria sieht", ((0, 0), (1, 1), (2, 2)))
    opening = SentencePair("Mary sees", "Maria sieht", ((0, 0), (1, 1)))
    changed = set()
    for seed in range(40):
        source, target = texts_of(processor, maker.make(pair, ">>yy<<", False, random.Random(seed)))
        assert source.split()[1:-1] == target.split()[1:-1] != ["Mary"]
        changed.add(source)
        kept = texts_of(processor, maker.make(opening, ">>yy<<", False, random.Random(seed)))
        assert kept == (opening.source, opening.target)
    assert len(changed) > 20


def test_masks_stand_for_the_same_words_on_both_sides(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor, masks=1.0, lower=0.5)
    seen = set()
    for seed in range(30):
        example = maker.make(PAIR, ">>yy<<", False, random.Random(seed))
        source, target = texts_of(processor, example)
        new = set(source.replace(".", "").split()) - {"Tom", "sees", "Berlin", "in", "1999"}
        new -= {"tom", "berlin"}
        assert new and new <= set(target.replace(".", "").split())
        seen |= new
    assert {"XQ1", "Kwalu"} <= seen


def test_without_masks_examples_are_as_before(processor) -> None:  # type: ignore[no-untyped-def]
    """The setting draws nothing where it is off."""
    for seed in range(20):
        off = example_maker(processor, swap=0.5, add=0.5, masks=0.0)
        before = example_maker(processor, swap=0.5, add=0.5)
        examples = [m.make(PAIR, ">>yy<<", False, random.Random(seed)) for m in (off, before)]
        assert examples[0] == examples[1]
