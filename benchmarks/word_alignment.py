"""Alignment error rate, with eflomal's, on gold alignments of English-French and Romanian-English.

    python -m benchmarks.word_alignment ../shared/data

Both aligners see the 447 and 248 gold sentences and nothing else. Gold links are sure or possible
(Och & Ney 2003): AER = 1 - (|A and S| + |A and P|) / (|A| + |S|).
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Sequence
from pathlib import Path

from alignment.protocol import WordPair, Words
from alignment.symmetrize import (
    grow_diag_final_and,
    intersection,
    links_from_posteriors,
)
from alignment.words.statistical.aligner import StatisticalAligner
from benchmarks.projection import eflomal_links

Links = set[tuple[int, int]]


def read_gold(path: Path) -> list[tuple[Links, Links]]:
    """Sure links, and sure or possible links, of every line; from 1 in the file, from 0 here."""
    result = []
    for line in path.read_text(encoding="utf-8").splitlines():
        sure, possible = set(), set()
        for item in line.split():
            left, kind, right = re.split("([-p])", item)
            link = (int(left) - 1, int(right) - 1)
            possible.add(link)
            if kind == "-":
                sure.add(link)
        result.append((sure, possible))
    return result


def words(text: str) -> Words:
    """Text that is tokenised already."""
    offsets = tuple(match.span() for match in re.finditer(r"\S+", text))
    return Words(text, offsets)


def error_rate(
    gold: Sequence[tuple[Links, Links]], predicted: Sequence[Links]
) -> tuple[float, ...]:
    """AER, precision and recall in percent."""
    given = sum(map(len, predicted))
    wanted = sum(len(sure) for sure, _ in gold)
    in_sure = sum(len(links & sure) for links, (sure, _) in zip(predicted, gold, strict=True))
    allowed = sum(
        len(links & possible) for links, (_, possible) in zip(predicted, gold, strict=True)
    )
    return (
        100 * (1 - (in_sure + allowed) / (given + wanted)),
        100 * allowed / max(given, 1),
        100 * in_sure / max(wanted, 1),
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with word-alignment")
    args = parser.parse_args()
    for path in sorted((args.data / "word-alignment").glob("*.src-tgt")):
        gold = read_gold(path.with_suffix(".gold"))
        lines = [line.split("|||") for line in path.read_text(encoding="utf-8").splitlines()]
        pairs = [WordPair(words(line[0]), words(line[1])) for line in lines]
        print(f"\n### {path.stem}: {len(pairs)} sentences\n")
        print("| aligner | AER | precision | recall | pairs/s |\n|---|---|---|---|---|")

        def report(name: str, predicted: Sequence[Links], seconds: float) -> None:
            rates = " | ".join(f"{rate:.1f}" for rate in error_rate(gold, predicted))  # noqa: B023
            print(f"| {name} | {rates} | {len(predicted) / seconds:.0f} |", flush=True)

        started = time.perf_counter()
        soft = StatisticalAligner().posteriors(pairs)
        seconds = time.perf_counter() - started
        for method in ("weighted", "intersection", "grow-diag-final-and"):
            alignments = [links_from_posteriors(posteriors, method=method) for posteriors in soft]
            links = [set(map(tuple, alignment.links.tolist())) for alignment in alignments]
            report(f"labelferry statistical, {method}", links, seconds)
        try:
            started = time.perf_counter()
            both = eflomal_links(pairs)
            seconds = time.perf_counter() - started
        except ImportError:
            print("(eflomal is not installed: left out)")
            continue
        for method, join in (
            ("intersection", intersection),
            ("grow-diag-final-and", grow_diag_final_and),
        ):
            report(f"eflomal, {method}", [join(*links) for links in both], seconds)


if __name__ == "__main__":
    main()
