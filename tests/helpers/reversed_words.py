"""A tiny language with a known rule: every word is translated by reversing its letters."""

from __future__ import annotations

import random
import re

import sentencepiece

from translators.training.card import History
from translators.training.config import NoiseConfig
from translators.training.examples import ExampleMaker
from translators.training.inventory import Inventory
from translators.training.words import SentencePair

WORDS = ["tom", "mary", "sees", "the", "house", "tree", "dog", "two", "Berlin", "Paris", "runs"]


def split_words(text: str) -> list[tuple[int, int]]:
    """The offsets of words and of signs."""
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def make_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of `count` sentences and their translations."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        words = [rng.choice(WORDS) for _ in range(rng.randint(2, 7))]
        pairs.append((" ".join(words) + ".", " ".join(w[::-1] for w in words) + "."))
    return pairs


OFF = NoiseConfig(lower=0, swap=0, copy_word=0, add=0, markers=0)

PAIR = SentencePair(
    "Tom sees Berlin in 1999.", "Tom sieht 1999 Berlin.", ((0, 0), (1, 1), (2, 3), (4, 2), (5, 4))
)


def example_maker(processor: sentencepiece.SentencePieceProcessor, **noise: float) -> ExampleMaker:
    """A maker of examples with no noise but `noise`."""
    config = OFF.model_copy(update=noise)
    inventory = Inventory(names=("Zagreb",), lower_words=frozenset({"tom"}))
    return ExampleMaker(processor, split_words, config, inventory, (("[", "]"),) * 3)


def texts_of(processor, example) -> tuple[str, str]:  # type: ignore[no-untyped-def]
    """The texts of both sides of an example."""
    return processor.decode(list(example.source[1:-1])), processor.decode(list(example.target[:-1]))


HISTORY = History(
    losses=[(1, 6.0), (100, 3.5), (200, 2.25)],
    validations=[
        {"step": 100, "seconds": 60.0, "chrf": 31.0, "a.en-de.chrf": 30.0, "a.de-en.chrf": 32.0},
        {"step": 200, "seconds": 120.0, "chrf": 41.0, "a.en-de.chrf": 40.0, "a.de-en.chrf": 42.0},
    ],
    steps=200,
    max_steps=400,
    seconds=125.0,
    target_tokens=1_500_000,
    stopped="interrupted",
)
