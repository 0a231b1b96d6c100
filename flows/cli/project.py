"""`labelferry project`: labels carried over to translations that the user brings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corpora.checks import TASKS
from flows.cli.arguments import Number, add_quoting, check_outputs, quoting

DESCRIPTION = """\
Project the spans of SOURCE onto its translations: a text file with one translation a line, or
rows of any format with the same ids (or, without ids in common, in the same order).

  labelferry project en.conll --targets es.txt --source en --target es --out es.conll
  labelferry project en.tsv --targets es.txt --source en --target es --alignments a.talp \\
      --out es.jsonl

Rows with a span that cannot be placed, or questions with no answer that can, go to
OUT.dropped.jsonl, with the reason. Rows with a second text or a free-text target need translations
that are rows and have one too.
"""
ALIGNERS = ("statistical", "attention", "statistical+attention", "encoder", "lexical")
PROJECTOR_CHOICES = ("aligned", "attention", "marker", "candidate", "vote")
SETTINGS = (
    "projector", "aligner", "alignments", "priors", "encoder", "layer", "model", "complete",
    "min_confidence", "unplaced",
)  # fmt: skip
"""Options that are settings of `ProjectConfig`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add("source_file", metavar="SOURCE", type=Path, help="labelled rows, in any format")
    add(
        "--targets",
        type=Path,
        required=True,
        metavar="FILE",
        help="their translations: a line each, or rows (required)%(default).0s",
    )
    add(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="where the labelled translations go; the name tells the format "
        "(required)%(default).0s",
    )
    add(
        "--source",
        required=True,
        metavar="LANG",
        help="language of SOURCE, a BCP 47 tag (required)%(default).0s",
    )
    add(
        "--target",
        required=True,
        metavar="LANG",
        help="language of the translations (required)%(default).0s",
    )
    add("--task", choices=TASKS, default="tokens", help="what the rows are labelled for")
    add("--projector", choices=PROJECTOR_CHOICES, default="aligned", help="how spans are placed")
    add(
        "--aligner",
        choices=ALIGNERS,
        default="statistical",
        help="where 'aligned' and 'candidate' take word links from",
    )
    add(
        "--alignments",
        type=Path,
        metavar="FILE",
        help="take the links from this Pharaoh file, which counts the rows' tokens or, where they "
        "have none, what stands between spaces%(default).0s",
    )
    add(
        "--priors",
        type=Path,
        metavar="FILE",
        help="what an earlier `labelferry align --save-priors` learned%(default).0s",
    )
    add("--encoder", metavar="NAME|PATH", help="model of '--aligner encoder'%(default).0s")
    add("--layer", type=int, default=8, metavar="N", help="layer of that model")
    add(
        "--model",
        metavar="NAME|PATH",
        help="translation model, for attention, marker and candidate "
        "(default: the one that ships)%(default).0s",
    )
    add(
        "--complete",
        action="append",
        default=[],
        choices=("source", "target", "instance"),
        help="give up a span unless all its words have partners in the target span (source), or "
        "all of the target span's in it (target); or all of a row if one is lost (instance)"
        "%(default).0s",
    )
    add(
        "--min-confidence",
        type=Number("--min-confidence", 0, 1, whole=False),
        default=0.0,
        metavar="P",
        help="give up spans that are less sure than this",
    )
    add(
        "--unplaced",
        choices=("drop-row", "drop-span"),
        default="drop-row",
        help="what a span costs that cannot be placed",
    )
    add("--format", metavar="NAME", help="of SOURCE (default: by its name)%(default).0s")
    add(
        "--targets-format",
        metavar="NAME",
        help="of the translations (default: by its name; lines if that tells nothing)%(default).0s",
    )
    add_quoting(parser)
    add("--out-format", metavar="NAME", help="of OUT (default: by its name)%(default).0s")


def run(args: argparse.Namespace) -> int:
    """Read, project, write."""
    from augmentation.pipeline.configuration import validate
    from augmentation.projection.config import ProjectConfig
    from augmentation.projection.project import project, read_translations
    from corpora.readers import open_corpus
    from corpora.writers import find_writer
    from translators.languages import normalise_tag

    source, target = normalise_tag(args.source), normalise_tag(args.target)
    find_writer(args.out, args.out_format, args.task)
    dropped = args.out.with_name(args.out.name + ".dropped.jsonl")
    check_outputs(
        {"--out": args.out, "the file of dropped rows": dropped},
        {
            "SOURCE": args.source_file,
            "--targets": args.targets,
            "--alignments": args.alignments,
            "--priors": args.priors,
        },
    )
    config = validate(ProjectConfig, {name: getattr(args, name) for name in SETTINGS})
    quotes = quoting(args.quoting)
    corpus = open_corpus(
        args.source_file, task=args.task, lang=source, format=args.format, quoting=quotes
    )
    sources = list(corpus.rows())
    translations = read_translations(
        args.targets, task=args.task, lang=target, format=args.targets_format, quoting=quotes
    )
    result = project(sources, translations, config, task=args.task, file=str(args.targets))
    report = result.write(args.out, format=args.out_format)
    result.write_dropped(dropped)
    print(
        f"{result.rows_in} rows in, {report.rows} kept, {len(result.dropped)} dropped; "
        f"{result.placed} of {result.spans} spans placed; "
        f"{result.rows_in / max(result.seconds, 1e-9):.0f} rows a second",
        file=sys.stderr,
    )
    for note, count in sorted(report.notes.items()):
        print(f"{args.out}: {note}: {count}", file=sys.stderr)
    if result.dropped:
        print(f"dropped rows are in {dropped}", file=sys.stderr)
    return 0
