"""What people's corrections of spans are worth to later projections.

    python -m benchmarks.review ../shared/data

Half of the rows of a gold set, picked at random, are reviewed: the texts of their gold spans are
what people made of them. The other half is projected with and without that.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from alignment.projectors import load_projector
from alignment.projectors.corrected import CorrectedProjector
from alignment.protocol import ProjectionInput
from augmentation.review.evidence import span_pairs
from benchmarks.gold import GoldSet, load_gold_sets, span_f1
from benchmarks.projection import in_tokens
from corpora.records import Span


def phrases_of(gold: GoldSet, rows: Sequence[int]) -> dict[str, Counter[str]]:
    """The texts of gold spans in `rows`, as a review would keep them."""
    phrases: dict[str, Counter[str]] = {}
    for row in rows:
        source, tokens = gold.inputs[row], gold.tokens[row]
        spans = [Span(tokens[a][0], tokens[b - 1][1], label) for a, b, label in gold.spans[row]]
        for text, target, _ in span_pairs(source.source, source.spans, source.target, spans):
            phrases.setdefault(text, Counter())[target] += 1
    return phrases


def part(gold: GoldSet, rows: Sequence[int]) -> GoldSet:
    """The `rows` of `gold`."""

    def take(values: list) -> list:
        return [values[row] for row in rows]

    inputs: list[ProjectionInput] = take(gold.inputs)
    columns = map(take, (gold.source_tokens, gold.tokens, gold.spans))
    return GoldSet(gold.name, gold.group, inputs, *columns)


def main() -> None:
    """Print F1 without and with corrections for every gold set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    for gold in load_gold_sets(arguments.data):
        if arguments.only not in gold.group:
            continue
        rows = list(range(len(gold.inputs)))
        random.Random(0).shuffle(rows)
        half = len(rows) // 2
        phrases, rest = phrases_of(gold, rows[:half]), part(gold, sorted(rows[half:]))
        plain = load_projector("aligned")
        scores = [
            span_f1(rest.spans, in_tokens(rest, projector.project(rest.inputs)))
            for projector in (plain, CorrectedProjector(plain, phrases))
        ]
        before, after = (f"{s.f1:.2f} (P {s.precision:.2f} R {s.recall:.2f})" for s in scores)
        print(f"{gold.name}: {before} -> {after}; {len(phrases)} phrases", flush=True)


if __name__ == "__main__":
    main()
