"""Span projection compared with eflomal and the published projections, in one run.

    python -m benchmarks.projection ../shared/data [--attention MODEL] [--only europarl]

Projects gold spans of English text onto its translation and scores them against the gold of the
translation: exact spans and labels, micro-averaged F1. Every system sees the sentences of one
file and nothing else. eflomal (optional; `pip install eflomal` needs a C compiler) aligns
lower-cased words, and a span goes to the longest run of words linked to it. `TOOL links` are
the alignment files that come with the data, given to our decoder.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from alignment.pharaoh import read_pharaoh
from alignment.projectors import load_projector
from alignment.projectors.evidence import row_pairs
from alignment.protocol import Projection, SpanProjector, WordAlignment, WordPair, Words
from alignment.symmetrize import grow_diag_final_and, intersection
from alignment.words.given import GivenLinks
from benchmarks.gold import (
    GoldSet,
    TokenSpan,
    load_gold_sets,
    read_columns,
    span_f1,
    tag_spans,
    token_spans,
)

TOOLS = ("awesome", "simalign", "fast_align", "mgiza")


def in_tokens(gold: GoldSet, projections: Sequence[Projection]) -> list[list[TokenSpan]]:
    """Placed spans as the tokens they touch."""
    return [
        [(*token_spans(tokens, span.start, span.end), span.label) for span in projection.spans()]
        for tokens, projection in zip(gold.tokens, projections, strict=True)
    ]


def eflomal_links(pairs: Sequence[WordPair]) -> list[tuple[set, set]]:
    """Forward and reverse links of eflomal with its own settings."""
    from eflomal import Aligner

    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("forward", "reverse")]
        Aligner().align(
            [" ".join(pair.source.strings()).lower() for pair in pairs],
            [" ".join(pair.target.strings()).lower() for pair in pairs],
            links_filename_fwd=files[0],
            links_filename_rev=files[1],
        )
        read = [
            [set(map(tuple, alignment.links.tolist())) for alignment in read_pharaoh(name)]
            for name in files
        ]
    return list(zip(*read, strict=True))


def longest_runs(gold: GoldSet, pairs: Sequence[WordPair], links: Sequence[set]) -> list:
    """Each span to the longest run of words linked to it, gaps of one word bridged."""
    result = []
    for row, pair, linked, tokens in zip(gold.inputs, pairs, links, gold.tokens, strict=True):
        runs = []
        for span in row.spans:
            inside = [
                i for i, (s, e) in enumerate(pair.source.offsets) if s < span.end and span.start < e
            ]
            linked_runs: list[list[int]] = []
            for j in sorted({j for i, j in linked if i in inside}):
                if linked_runs and j - linked_runs[-1][1] <= 1:
                    linked_runs[-1][1] = j
                else:
                    linked_runs.append([j, j])
            if linked_runs:
                first, last = max(linked_runs, key=lambda run: run[1] - run[0])
                offsets = pair.target.offsets
                runs.append((*token_spans(tokens, offsets[first][0], offsets[last][1]), span.label))
        kept: list[TokenSpan] = []
        for run in sorted(runs):
            if not kept or run[0] >= kept[-1][1]:
                kept.append(run)
        result.append(kept)
    return result


def talp_links(gold: GoldSet, path: Path) -> GivenLinks:
    """The links of an alignment file, which counts the tokens of the data."""
    pairs = [
        WordPair(Words(row.source, source), Words(row.target, target))
        for row, source, target in zip(gold.inputs, gold.source_tokens, gold.tokens, strict=True)
    ]
    lengths = [(len(p.source.offsets), len(p.target.offsets)) for p in pairs]
    given = [
        keep_in_range(links, *size) for links, size in zip(read_pharaoh(path), lengths, strict=True)
    ]
    return GivenLinks(pairs, given)


def keep_in_range(links: WordAlignment, sources: int, targets: int) -> WordAlignment:
    """Published files count some tokens that the data lacks; those links are left out."""
    inside = (links.links[:, 0] < sources) & (links.links[:, 1] < targets)
    return WordAlignment(links.links[inside], links.weights[inside])


def systems(
    gold: GoldSet, data: Path, attention: str | None
) -> Iterator[tuple[str, Callable[[], list[list[TokenSpan]]]]]:
    """The systems compared on a gold set: a name, and a function that makes its spans."""

    def ours(projector: SpanProjector) -> list[list[TokenSpan]]:
        return in_tokens(gold, projector.project(gold.inputs))

    yield "labelferry aligned (statistical)", lambda: ours(load_projector("aligned"))
    if attention is not None:
        yield (
            "labelferry aligned (statistical+attention)",
            lambda: ours_attended(gold, attention, "aligned", aligner="statistical+attention"),
        )
        yield (
            "labelferry aligned (attention)",
            lambda: ours_attended(gold, attention, "aligned", aligner="attention"),
        )
        yield "labelferry attention", lambda: ours_attended(gold, attention, "attention")
        yield "labelferry vote", lambda: ours_attended(gold, attention, "vote")
        yield (
            "labelferry candidate",
            lambda: in_tokens(
                gold,
                load_projector("candidate", translator=translator(attention)).project(gold.inputs),
            ),
        )
        yield (
            "labelferry marker",
            lambda: in_tokens(
                gold,
                load_projector(
                    "marker", translator=translator(attention), options=decoding()
                ).project(gold.inputs),
            ),
        )
    pairs = row_pairs(gold.inputs)
    try:
        import eflomal  # noqa: F401
    except ImportError:
        print("(eflomal is not installed: left out)")
    else:
        for name, join in (
            ("intersection", intersection),
            ("grow-diag-final-and", grow_diag_final_and),
        ):
            yield (
                f"eflomal {name}",
                lambda join=join: longest_runs(
                    gold, pairs, [join(*both) for both in eflomal_links(pairs)]
                ),
            )
    if gold.group == "absa":
        folder = data / "absa" / "-".join((gold.inputs[0].source_lang, gold.inputs[0].target_lang))
        split = gold.name.split()[-1]
        for tool in TOOLS:
            published = folder / f"projected.{tool}.{split}.tsv"
            links = folder / f"{tool}.{split}.talp"
            if published.exists():
                yield (
                    f"published {tool}",
                    lambda published=published: [
                        tag_spans(tags) for _, tags in read_columns(published)
                    ],
                )
            if links.exists():
                yield (
                    f"labelferry aligned ({tool} links)",
                    lambda links=links: ours(
                        load_projector("aligned", aligner=talp_links(gold, links))
                    ),
                )


def translator(model: str):  # type: ignore[no-untyped-def]
    """A translation model, for the projectors that need one."""
    from translators.open import open_translator

    return open_translator(model)


def decoding():  # type: ignore[no-untyped-def]
    """How marked text is translated."""
    from translators.protocol import DecodingOptions

    return DecodingOptions()


def ours_attended(gold: GoldSet, model: str, projector: str, **options) -> list[list[TokenSpan]]:
    """One of our projectors with the attention of forced decoding."""
    from dataclasses import replace

    from alignment.protocol import SegmentAlignment

    rows = gold.inputs
    forced = translator(model).force(
        [row.source for row in rows],
        [row.target for row in rows],
        rows[0].source_lang,
        rows[0].target_lang,
    )
    inputs = [
        replace(
            row,
            segments=(
                SegmentAlignment(
                    hypothesis.source_pieces, hypothesis.target_pieces, hypothesis.attention
                ),
            ),
        )
        for row, hypothesis in zip(rows, forced, strict=True)
    ]
    return in_tokens(gold, load_projector(projector, **options).project(inputs))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="the folder with europarl-ner, absa and xsid")
    parser.add_argument("--attention", metavar="MODEL", help="en-de model to take attention from")
    parser.add_argument("--only", choices=("europarl", "absa", "xsid"), help="one collection")
    args = parser.parse_args()
    for gold in load_gold_sets(args.data):
        if args.only not in (None, gold.group):
            continue
        spans = sum(len(row.spans) for row in gold.inputs)
        print(f"\n### {gold.name}: {len(gold.inputs)} sentences, {spans} spans\n")
        print("| projector | F1 | precision | recall | rows/s |\n|---|---|---|---|---|")
        attention = args.attention if gold.inputs[0].target_lang == "de" else None
        for name, make in systems(gold, args.data, attention):
            started = time.perf_counter()
            predicted = make()
            seconds = time.perf_counter() - started
            score = span_f1(gold.spans, predicted)
            speed = "" if name.startswith("published") else f"{len(gold.inputs) / seconds:.0f}"
            print(
                f"| {name} | {score.f1:.1f} | {score.precision:.1f} | {score.recall:.1f} "
                f"| {speed} |",
                flush=True,
            )
    print(
        f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB, "
        f"NumPy {np.__version__}"
    )


if __name__ == "__main__":
    main()
