"""English and German sentences of names and numbers, word for word."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

from augmentation.train_translator.config import CleaningConfig
from corpora.shards import ShardRef, read_batches
from tests.helpers.paths import ROOT

NUMBERS = {"one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf"}

NAMES = ["Tom", "Mary", "Berlin", "Paris", "Anna", "Paul"]

LOOSE = CleaningConfig(max_wrong_language=None)

SUBWORDS = ROOT / "data" / "models" / "en-de" / "source.spm"


def number_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """`count` sentence pairs, some of which are the same."""
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        name, (number, zahl) = rng.choice(NAMES), rng.choice(list(NUMBERS.items()))
        tail = " ".join(rng.choices(NAMES, k=3))
        made.append((f"{name} sees {number} , {tail}", f"{name} sieht {zahl} , {tail}"))
    return made


def write_tsv_gz(path: Path, rows: list[tuple[str, ...]], header: str = "") -> Path:
    """Write rows as a compressed table, below a `header` line if there is one."""
    text = header + "".join("\t".join(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()))
    return path


def shard_rows(ref: ShardRef) -> list[dict[str, object]]:
    """All rows of a shard."""
    return [row for batch in read_batches(ref) for row in batch.to_pylist()]
