"""Titles made of the words of a corpus."""

from __future__ import annotations

import random

from tests.helpers.reversed_words import OFF, PAIR, split_words, texts_of
from translators.training.examples import ExampleMaker
from translators.training.inventory import Inventory


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
            source, target = texts_of(processor, maker.make(PAIR, ">>yy<<", reverse, rng))
            titles |= {"Sees", "In", "Sieht"} & set(source.split()) & set(target.split())
        assert titles == expected


def test_titles_have_small_words_inside(processor) -> None:  # type: ignore[no-untyped-def]
    noise = OFF.model_copy(update={"swap": 1.0})
    maker = ExampleMaker(processor, split_words, noise, Inventory(source_words=("of",)))
    inside = 0
    for seed in range(60):
        source, target = texts_of(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        inside += "Of of Of" in source
        assert source.count("of") == target.count("of")
    assert inside > 5
