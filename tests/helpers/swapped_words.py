"""A made-up language pair, and models of it that train in seconds.

Every word is spelt backwards (every third one as a noun, the others with an ending), and words
change places two by two.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.helpers.paths import ROOT

WORDS = [
    "mira", "toso", "kelu", "banda", "rifo", "dusa", "lemo", "paki", "zuna", "hiro", "gade", "nolu",
    "vesa", "yipo", "cato", "femi", "wuro", "jaki", "solda", "brina",
]  # fmt: skip

RULE = {
    word: word[::-1].capitalize() if i % 3 == 0 else f"{word[::-1]}en"
    for i, word in enumerate(WORDS)
}

MINI_RECIPE = ROOT / "configs" / "train-mini.yaml"


def translate_words(words: list[str]) -> tuple[list[str], list[int]]:
    """The translation by the rule, and for each of its words the source word it comes from."""
    order = list(range(len(words)))
    for i in range(0, len(words) - 1, 2):
        order[i], order[i + 1] = order[i + 1], order[i]
    return [RULE[words[i]] for i in order], order


def make_swapped_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Pairs of `count` sentences and their translations by the rule."""
    rng = random.Random(seed)
    pairs = []
    for _ in range(count):
        words = rng.choices(WORDS, k=rng.randint(2, 7))
        pairs.append((f"{' '.join(words)} .", f"{' '.join(translate_words(words)[0])} ."))
    return pairs


def write_tsv(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """Write sentence pairs as a table of two columns without a header."""
    path.write_text("".join(f"{s}\t{t}\n" for s, t in pairs), encoding="utf-8")
    return path


def train_command(bitext: str | Path, out: Path, *more: str) -> list[str]:
    """The command line that trains on `bitext` by the miniature recipe, into the folder `out`."""
    return [
        "train-translator", str(bitext), "--source", "en", "--target", "de", "--out", str(out),
        "--config", str(MINI_RECIPE), "--no-prefect", "--threads", "1", "--device", "cpu", *more,
    ]  # fmt: skip
