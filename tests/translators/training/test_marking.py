"""Markers around aligned phrases."""

from __future__ import annotations

import random

from tests.helpers.reversed_words import PAIR, example_maker, texts_of


def test_markers_are_balanced(processor) -> None:  # type: ignore[no-untyped-def]
    maker = example_maker(processor, markers=1.0)
    marked = 0
    for seed in range(30):
        source, target = texts_of(processor, maker.make(PAIR, ">>yy<<", False, random.Random(seed)))
        assert source.count("[") == source.count("]") == target.count("[") == target.count("]")
        marked += "[" in source
        if "[ Berlin ]" in source:
            assert "[ Berlin ]" in target
    assert marked > 20
