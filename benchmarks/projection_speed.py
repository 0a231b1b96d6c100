"""The cost of projection compared with the translation that it follows, in one run.

    python -m benchmarks.projection_speed ../shared/data [--model NAME|PATH] [--rows N]

Utterances of xSID's English train set, evenly drawn, are translated with attention as the pipeline
does it, threads and batches as the engine chooses. Then the projectors place the spans of all of
them, in calls of 6,000 rows, which is a shard of the pipeline. Projection runs on one thread,
translation on all; translation is measured before and after.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from alignment.projectors import load_projector
from alignment.protocol import ProjectionInput, SegmentAlignment
from corpora.readers import open_corpus
from corpora.records import Row
from translators.open import open_translator
from translators.protocol import DecodingOptions, Hypothesis

SHARD = 6000
OPTIONS = DecodingOptions(return_attention=True)


def read_rows(data: Path, count: int) -> list[Row]:
    """Rows with unique texts, drawn evenly."""
    corpus = open_corpus(
        data / "xsid" / "en.train.conll.gz", task="tokens", lang="en", on_error="repair"
    )
    rows = list({row.text: row for row in corpus.rows()}.values())
    count = min(count, len(rows))
    return [rows[i * len(rows) // count] for i in range(count)]


def fastest(work: Callable[[], object], times: int) -> float:
    """Seconds of the fastest of several runs."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def as_input(row: Row, made: Hypothesis) -> ProjectionInput:
    """A row and its translation, as the pipeline gives them to a projector."""
    segment = SegmentAlignment(made.source_pieces, made.target_pieces, made.attention)
    return ProjectionInput(row.text, row.spans, made.text, (segment,), "en", "de")


def project(projector: str, inputs: Sequence[ProjectionInput], **options: str) -> None:
    """Place all spans, shard by shard."""
    for start in range(0, len(inputs), SHARD):
        load_projector(projector, **options).project(inputs[start : start + SHARD])


def main() -> None:
    """Translate, project, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="the folder with xsid")
    parser.add_argument("--model", help="name or folder (default: the model that ships)")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--times", type=int, default=3, help="runs of each, of which the fastest")
    args = parser.parse_args()
    rows = read_rows(args.data, args.rows)
    texts = [row.text for row in rows]
    translator = open_translator(args.model)

    def translate() -> list[Hypothesis]:
        return translator.translate(texts, "en", "de", OPTIONS)

    inputs = [as_input(row, made) for row, made in zip(rows, translate(), strict=True)]
    before = fastest(translate, 1)
    lines = []
    for name, projector, options in (
        ("attention", "attention", {}),
        ("aligned, attention alone", "aligned", {"aligner": "attention"}),
        ("aligned, statistical alone", "aligned", {"aligner": "statistical"}),
        ("aligned, both (default)", "aligned", {"aligner": "statistical+attention"}),
    ):
        work = lambda p=projector, o=options: project(p, inputs, **o)  # noqa: E731
        lines.append((name, fastest(work, args.times)))
    seconds = min(before, fastest(translate, 1))
    spans = sum(len(row.spans) for row in rows)
    print(f"{len(rows)} rows, {spans} spans; translating with attention: {seconds:.2f} s")
    print("| projector | s | µs per row | rows/s | share of the translation time |")
    print("|---|---|---|---|---|")
    for name, taken in lines:
        each = 1e6 * taken / len(rows)
        print(f"| {name} | {taken:.2f} | {each:.0f} | {1e6 / each:.0f} | {taken / seconds:.0%} |")


if __name__ == "__main__":
    main()
