"""Measures the embedded translator: quality, copied names, loops, attention as an alignment.

    python -m benchmarks.embedded_model --model data/models/en-de --data ../shared/data

Prints tables in Markdown; `--json FILE` also writes the figures.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alignment.projectors import load_projector
from alignment.protocol import Projection, ProjectionInput, SegmentAlignment
from alignment.words.attention.aligner import AttentionAligner
from corpora.readers.corpus import open_corpus
from corpora.records import Row
from scoring.translation import bleu, chrf
from translators.open import model_infos, open_translator
from translators.protocol import DecodingOptions, Hypothesis, Translator

BEAM = DecodingOptions(beam_size=4)
SETS = ("multi30k.dev", "tatoeba.dev", "flores.dev")
GOALS = {
    ("multi30k.dev", "en-de", "BLEU"): 37.0,
    ("multi30k.dev", "de-en", "BLEU"): 40.0,
    ("tatoeba.dev", "en-de", "BLEU"): 42.0,
    ("tatoeba.dev", "de-en", "BLEU"): 42.0,
    ("flores.dev", "en-de", "BLEU"): 14.0,
    ("flores.dev", "de-en", "BLEU"): 14.0,
    ("flores.dev", "en-de", "chrF"): 45.0,
    ("flores.dev", "de-en", "chrF"): 45.0,
}


def read_columns(path: Path) -> dict[str, list[str]]:
    """The columns of a gzipped, headed, tab-separated file, by name."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(rows[0])}


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def is_looping(output: str, reference: str) -> bool:
    """Whether four words in a row occur twice in `output` that do not in `reference`."""

    def repeated(text: str) -> set[tuple[str, ...]]:
        words = text.lower().split()
        counts = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
        return {gram for gram, count in counts.items() if count > 1}

    return bool(repeated(output) - repeated(reference))


def measure_translation(translator: Translator, data: Path) -> tuple[list[str], dict[str, float]]:
    """BLEU and chrF of the dev sets in all directions of the model, and loops on FLORES."""
    rows, loops, figures = [], [], {}
    signatures: dict[str, str] = {}
    (info,) = model_infos(translator)
    for name, other in dev_sets(data):
        if not info.supports("en", other):
            continue
        columns = read_columns(data / "parallel" / f"en-{other}" / f"{name}.tsv.gz")
        for source, target in (("en", other), (other, "en")):
            hypotheses = translator.translate(columns[source], source, target, BEAM)
            outputs = [h.text for h in hypotheses]
            systems = {"ours": outputs}
            others = [c for c in columns if c.endswith(f".{target}")]
            systems |= {c.removesuffix(f".{target}"): columns[c] for c in others}
            for system, texts in systems.items():
                scores = [metric(texts, columns[target]) for metric in (bleu, chrf)]
                signatures |= {score.name: score.signature for score in scores}
                goals = [
                    f"{GOALS[key]:.0f}" if system == "ours" and key in GOALS else ""
                    for key in ((name, f"{source}-{target}", score.name) for score in scores)
                ]
                rows.append(
                    (
                        name,
                        f"{source}→{target}",
                        len(texts),
                        system,
                        *(f"{score.value:.1f}" for score in scores),
                        " / ".join(filter(None, goals)),
                    )
                )
                for score in scores:
                    figures[f"{name}.{source}-{target}.{system}.{score.name}"] = score.value
            if name == "flores.dev":
                share = loop_share(hypotheses, columns[target])
                flagged = sum(bool({"repetition", "length"} & set(h.flags)) for h in hypotheses)
                loops.append(
                    (
                        f"{source}→{target}",
                        len(outputs),
                        f"{100 * share:.2f} %",
                        f"{100 * flagged / len(outputs):.2f} %",
                    )
                )
                figures[f"{name}.{source}-{target}.loops"] = share
    head = ("set", "direction", "pairs", "system", "BLEU", "chrF", "to reach")
    return [
        table(head, rows),
        "\n".join(f"{metric}: `{signature}`" for metric, signature in signatures.items()),
        "FLORES outputs that loop (four words in a row twice, where the reference has them once) "
        "or hit the length limit (to reach: at most 1 %):",
        table(("direction", "sentences", "loop or limit", "seen by the engine's guards"), loops),
    ], figures


def dev_sets(data: Path) -> list[tuple[str, str]]:
    """Name and non-English language of every dev set."""
    folders = sorted((data / "parallel").glob("en-*"))
    return [
        (name, folder.name.removeprefix("en-"))
        for folder in folders
        for name in SETS
        if (folder / f"{name}.tsv.gz").is_file()
    ]


def loop_share(hypotheses: Sequence[Hypothesis], references: Sequence[str]) -> float:
    """Share of outputs that loop or are as long as decoding allows."""
    bad = [
        is_looping(h.text, reference) or len(h.target_pieces) >= BEAM.max_decoding_length
        for h, reference in zip(hypotheses, references, strict=True)
    ]
    return sum(bad) / max(1, len(bad))


NAME_SLOTS = {
    "album", "artist", "entity_name", "location", "movie_name", "object_name", "playlist",
    "restaurant_name", "service", "track",
}  # fmt: skip
NUMBER_SLOTS = {
    "best_rating",
    "datetime",
    "party_size_number",
    "rating_value",
    "recurring_datetime",
}
NOT_NAMES = {
    "out", "outside", "here", "near", "nearby", "close", "close by", "close-by", "closest",
    "nearest", "neighboring", "in the area", "in the same area", "the area", "area", "around",
    "around here", "local", "current location", "current position", "current spot",
    "neighborhood", "neighbourhood", "in the neighbourhood", "fran's location",
}  # fmt: skip
"""Values of `location` that are not names."""


def copied_values(rows: Sequence[Row]) -> list[list[tuple[str, str]]]:
    """(kind, string) of what each row's translation should contain unchanged.

    Kind `name`: the value of a slot that holds names. Kind `number`: each digit string of a slot
    that holds numbers or times.
    """
    row_values: list[list[tuple[str, str]]] = []
    for row in rows:
        values = []
        for span in row.spans:
            text = row.text[span.start : span.end]
            if span.label in NAME_SLOTS and text.lower() not in NOT_NAMES:
                values.append(("name", text))
            elif span.label in NUMBER_SLOTS:
                digits = "".join(c if c.isdigit() else " " for c in text).split()
                values.extend(("number", d) for d in digits)
        row_values.append(values)
    return row_values


def measure_copies(translator: Translator, data: Path) -> tuple[list[str], dict[str, float]]:
    """Share of names and numbers of xSID's slots that the German output contains verbatim."""
    rows = list(open_corpus(data / "xsid" / "en.valid.conll", task="tokens", lang="en").rows())
    human = list(open_corpus(data / "xsid" / "de.valid.conll", task="tokens", lang="de").rows())
    outputs = [h.text for h in translator.translate([r.text for r in rows], "en", "de", BEAM)]
    values = copied_values(rows)
    checked = [
        (kind, text, text in output, text.lower() in output.lower(), text in gold.text, output)
        for wanted, output, gold in zip(values, outputs, human, strict=True)
        for kind, text in wanted
    ]
    groups = {
        "names": [f for f in checked if f[0] == "name"],
        "numbers": [f for f in checked if f[0] == "number"],
        "names and numbers": checked,
        "those that the human translation keeps": [f for f in checked if f[4]],
    }
    lines, figures = [], {}
    for group, members in groups.items():
        shares = [100 * sum(f[i] for f in members) / max(1, len(members)) for i in (2, 3, 4)]
        lines.append((group, len(members), *(f"{share:.1f} %" for share in shares)))
        figures[f"xsid.copied.{group}"] = shares[0]
    for _, text, verbatim, *_, output in checked:
        if not verbatim:
            print(f"not verbatim: {text} → {output}", file=sys.stderr)
    head = ("what", "values", "ours, verbatim", "ours, case aside", "human translation, verbatim")
    return [
        "xSID English valid, slot values found in the German output (to reach: 85 % of names and "
        "numbers, verbatim):",
        table(head, lines),
    ], figures


def both_ways(forward: Hypothesis, backward: Hypothesis) -> SegmentAlignment:
    """Forced decodings in both directions as one alignment: the product of both attentions.

    `forward` attends from target to source pieces, `backward` from source to target pieces.
    Pieces of one text may differ between a model's two sides, so the weights of `backward` are
    transferred by the overlap of offsets.
    """
    if forward.attention is None or backward.attention is None:
        return SegmentAlignment(forward.source_pieces, forward.target_pieces, forward.attention)
    rows = _overlap(forward.target_pieces, backward.source_pieces)
    columns = _overlap(backward.target_pieces, forward.source_pieces)
    product = forward.attention * (rows @ backward.attention.T @ columns)
    total = product.sum(axis=1, keepdims=True)
    product = np.divide(product, total, out=np.zeros_like(product), where=total > 0)
    return SegmentAlignment(
        forward.source_pieces, forward.target_pieces, product.astype(np.float32)
    )


def _overlap(some: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> np.ndarray:
    """1.0 where a piece of `some` and one of `others` have a character in common."""
    a, b = np.array(some).reshape(-1, 2), np.array(others).reshape(-1, 2)
    common = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    same = (a[:, None, :] == b[None, :, :]).all(axis=2)
    return ((common > 0) | same).astype(np.float64)


def span_f1(
    predicted: Sequence[set[tuple[int, int, str]]], gold: Sequence[set[tuple[int, int, str]]]
) -> tuple[float, float, float]:
    """Micro precision, recall and F1 of exact spans with their labels, in percent."""
    hits = sum(len(p & g) for p, g in zip(predicted, gold, strict=True))
    precision = 100 * hits / max(1, sum(map(len, predicted)))
    recall = 100 * hits / max(1, sum(map(len, gold)))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def measure_alignment(translator: Translator, data: Path) -> tuple[list[str], dict[str, float]]:
    """F1 of Europarl's English gold entities projected onto the German gold sentences."""
    folder = data / "europarl-ner"
    source, target = (
        list(open_corpus(folder / f"{tag}.first400.conll", task="tokens", lang=tag).rows())
        for tag in ("en", "de")
    )
    english, german = [r.text for r in source], [r.text for r in target]
    forward = translator.force(english, german, "en", "de")
    backward = translator.force(german, english, "de", "en")
    gold = [{(s.start, s.end, s.label) for s in row.spans} for row in target]
    lines, figures = [], {}
    ways: dict[str, list[Projection]] = {}
    segments = {
        "both directions, nothing else": list(map(both_ways, forward, backward)),
        "en→de alone, nothing else": [
            SegmentAlignment(h.source_pieces, h.target_pieces, h.attention) for h in forward
        ],
    }
    for name, aligned in segments.items():
        inputs = [
            ProjectionInput(row.text, row.spans, text, (segment,), "en", "de")
            for row, text, segment in zip(source, german, aligned, strict=True)
        ]
        ways[name] = load_projector("attention").project(inputs)
    bare = [replace(row_input, segments=()) for row_input in inputs]
    aligner = AttentionAligner(translator, "en", "de", reverse=translator)
    ways["both directions, with names, numbers and lengths (`aligned`)"] = load_projector(
        "aligned", aligner=aligner
    ).project(bare)
    for name, placed in ways.items():
        predicted = [{(s.start, s.end, s.label) for s in p.spans()} for p in placed]
        scores = span_f1(predicted, gold)
        lines.append((name, *(f"{score:.1f}" for score in scores)))
        figures[f"europarl.{name}.f1"] = scores[2]
    return [
        "Europarl-NER, first 400 sentences: English gold spans projected onto the German gold "
        "sentences by forced decoding (to reach: 75 F1, aim at 85):",
        table(("attention", "precision", "recall", "F1"), lines),
    ], figures


MEASURES = {
    "translation": measure_translation,
    "copies": measure_copies,
    "alignment": measure_alignment,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen measures and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=None, help="name or folder; the one that ships if not")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=MEASURES, action="append")
    parser.add_argument("--json", type=Path, default=None)
    args = parser.parse_args(argv)
    translator = open_translator(args.model)
    (info,) = model_infos(translator)
    size = sum(file.stat().st_size for file in info.path.iterdir() if file.is_file())
    print(
        f"Model `{info.name}`, {size / 1e6:.1f} MB, beam {BEAM.beam_size}, "
        f"{os.cpu_count()} cores.\n"
    )
    figures: dict[str, float] = {"megabytes": size / 1e6}
    for name in args.only or MEASURES:
        parts, measured = MEASURES[name](translator, args.data)
        print("\n\n".join(parts) + "\n", flush=True)
        figures |= measured
    if args.json is not None:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
