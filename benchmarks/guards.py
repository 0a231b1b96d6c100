"""Precision and recall of the guards on faults that are planted in real sentence pairs.

    python -m benchmarks.guards ../shared/data

The pairs are machine translations of news (`parallel/*/newstest.distilled`), of which the guards
should let all pass, and everyday sentences (`tatoeba.train`). Each fault is planted in every pair
that has room for it, and counts as seen where the fault's own guard flags it. A false alarm is a
flag of a pair as it is. Faults in the data count against the guards.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl

from augmentation.translate_train.filter import MIN_LETTERS
from corpora.readers.streams import text_lines
from filters.language import WrongLanguage
from translators.surface import surface_flags

SETS = ("newstest.distilled.train.tsv.gz", "tatoeba.train.tsv.gz")
PAIRS = (("en", "de"), ("en", "fr"), ("en", "es"))
Pair = tuple[str, str]
Fault = Callable[[str, str, random.Random], str | None]
"""Makes a faulty target of a source and a target; None where there is no room for the fault."""


def _insert(target: str, text: str, rng: random.Random) -> str:
    at = rng.randrange(len(target) + 1)
    return target[:at] + text + target[at:]


def _broken(source: str, target: str, rng: random.Random) -> str | None:
    return _insert(target, rng.choice("\ufffd\x8c\x93\x01"), rng)


def _marker(source: str, target: str, rng: random.Random) -> str | None:
    return _insert(target, rng.choice(["⟦", "⟧", "<extra_id_0>", "</s>", ">>de<<"]), rng)


def _script(source: str, target: str, rng: random.Random) -> str | None:
    words = target.split()
    words[rng.randrange(len(words))] = rng.choice(["погода", "天气", "الطقس", "καιρός"])
    return " ".join(words)


def _number(source: str, target: str, rng: random.Random) -> str | None:
    numbers = list(re.finditer(r"\d+", target))
    if not numbers or not re.search(r"\d", source):
        return None
    match = rng.choice(numbers)
    at = rng.randrange(*match.span())
    digit = rng.choice([d for d in "123456789" if d != target[at]])
    return target[:at] + digit + target[at + 1 :]


def _copy(source: str, target: str, rng: random.Random) -> str | None:
    """The source, but for its first word and its case."""
    words = source.split()
    if len(words) < 6:
        return None
    return " ".join([target.split()[0], *words[1:]])


FAULTS: dict[str, Fault] = {
    "characters": _broken,
    "marker": _marker,
    "script": _script,
    "number": _number,
    "copy": _copy,
}


def read_pairs(folder: Path, limit: int) -> Iterator[tuple[str, str, list[Pair]]]:
    """Name, target language and up to `limit` pairs of each set in the data `folder`."""
    for source, target in PAIRS:
        for name in SETS:
            lines = text_lines(folder / "parallel" / f"{source}-{target}" / name)
            rows = [line.split("\t") for line in lines][1:]
            rows = [row for row in rows if row[0].strip() and row[1].strip()]
            random.Random(0).shuffle(rows)
            yield f"{name.split('.')[0]} en-{target}", target, [(r[0], r[1]) for r in rows[:limit]]


def wrong_language(pairs: list[Pair], target: str) -> int:
    """How many of `pairs` the language filter drops, as `translate-train` uses it."""
    gate = WrongLanguage("en", target, 0.95, MIN_LETTERS)
    frame = pl.DataFrame(pairs, schema=["source", "target"], orient="row")
    return int((~gate.accept(gate.score(frame))).sum())


def main() -> int:
    """Plant the faults and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="the data's folder")
    parser.add_argument("--limit", type=int, default=5000, help="pairs of each set")
    args = parser.parse_args()
    planted, seen, alarms = ({name: 0 for name in [*FAULTS, "language"]} for _ in range(3))
    total = 0
    for name, target, pairs in read_pairs(args.data, args.limit):
        rng = random.Random(0)
        total += len(pairs)
        for source, text in pairs:
            for flag in surface_flags(source, text, target, same_language=False):
                alarms[flag] += 1
            for fault, plant in FAULTS.items():
                if (faulty := plant(source, text, rng)) is not None and faulty != text:
                    planted[fault] += 1
                    flags = surface_flags(source, faulty, target, same_language=False)
                    seen[fault] += fault in flags
        alarms["language"] += wrong_language(pairs, target)
        # In the place of each translation, an English text that is not its source.
        others = [
            (source, other)
            for (source, _), (other, _) in pairwise(pairs)
            if sum(map(str.isalpha, other)) >= MIN_LETTERS
        ]
        planted["language"] += len(others)
        seen["language"] += wrong_language(others, target)
        print(f"{name}: {len(pairs)} pairs", flush=True)
    print(f"\n{'guard':12}{'planted':>9}{'recall':>9}{'alarms':>8}{'precision':>11}  of {total}")
    for fault, count in planted.items():
        recall = seen[fault] / max(1, count)
        precision = seen[fault] / max(1, seen[fault] + alarms[fault])
        print(f"{fault:12}{count:9}{recall:9.1%}{alarms[fault]:8}{precision:11.2%}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
