"""`labelferry project`: labels carried over to translations that the user brings."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpora.checks import TASKS
from corpora.errors import UserError
from flows.cli.arguments import Number, add_quoting, check_outputs, quoting

if TYPE_CHECKING:
    from alignment.protocol import ProjectionInput, SpanProjector, WordAligner
    from corpora.records import Row

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
    from alignment.rows import as_input, pair_up, project_rows
    from corpora.readers import open_corpus
    from corpora.text.languages import normalise_tag
    from corpora.writers import find_writer, write_corpus

    args.source, args.target = normalise_tag(args.source), normalise_tag(args.target)
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
    sources = list(
        open_corpus(
            args.source_file,
            task=args.task,
            lang=args.source,
            format=args.format,
            quoting=quoting(args.quoting),
        ).rows()
    )
    pairs = pair_up(sources, _read_targets(args), str(args.targets))
    inputs = [as_input(source, target, source.spans) for source, target in pairs]
    started = time.perf_counter()
    projector, inputs = _projector(args, pairs, inputs)
    found = project_rows(
        pairs, inputs, projector, args.unplaced == "drop-row", overlapping=args.task == "qa"
    )
    seconds = time.perf_counter() - started
    report = write_corpus(found.kept, args.out, format=args.out_format, task=args.task)
    _write_dropped(found.dropped, dropped)
    print(
        f"{len(pairs)} rows in, {report.rows} kept, {len(found.dropped)} dropped; "
        f"{found.placed} of {found.spans} spans placed; {len(pairs) / max(seconds, 1e-9):.0f} "
        f"rows a second",
        file=sys.stderr,
    )
    for note, count in sorted(report.notes.items()):
        print(f"{args.out}: {note}: {count}", file=sys.stderr)
    if found.dropped:
        print(f"dropped rows are in {dropped}", file=sys.stderr)
    return 0


def _read_targets(args: argparse.Namespace) -> list[Row]:
    """The translations as rows; of a text file a line is a row, whatever the task."""
    from corpora.readers import FORMATS, open_corpus
    from corpora.readers.streams import text_lines
    from corpora.records import Row

    path, name = args.targets, args.targets_format
    if not path.exists():
        raise UserError("no such file", file=path)
    suffixes = [s.lower() for s in path.suffixes if s.lower() not in (".gz", ".zst", ".zstd")]
    known = {suffix for one in FORMATS.values() if one.name != "text" for suffix in one.suffixes}
    by_lines = name == "text" or (
        name is None and path.is_file() and (not suffixes or suffixes[-1] not in known)
    )
    if not by_lines:
        corpus = open_corpus(
            path,
            task=args.task,
            lang=args.target,
            format=name,
            labelled=False,
            quoting=quoting(args.quoting),
        )
        return list(corpus.rows())
    rows = []
    for number, line in enumerate(text_lines(path), 1):
        if not line.strip():
            raise UserError("an empty translation", file=path, line=number)
        rows.append(Row(f"\0{number}", args.target, line))
    return rows


def _projector(
    args: argparse.Namespace, pairs: list[tuple[Row, Row]], inputs: list[ProjectionInput]
) -> tuple[SpanProjector, list[ProjectionInput]]:
    """The projector that was asked for, and the inputs with what it needs in them."""
    from alignment.projectors import load_projector

    if args.alignments is not None and args.projector != "aligned":
        raise UserError("--alignments go with --projector aligned")
    if args.priors is not None and "statistical" not in args.aligner:
        raise UserError("--priors go with --aligner statistical")
    options: dict[str, Any] = {}
    needs_model = args.projector != "aligned" or "attention" in args.aligner
    translator = _translator(args) if needs_model else None
    if args.projector in ("attention", "vote") or "attention" in args.aligner:
        inputs = _with_attention(inputs, translator)
    if args.projector in ("aligned", "candidate"):
        options["aligner"] = _aligner(args, pairs)
        options |= {"complete": args.complete, "minimum_confidence": args.min_confidence}
        if isinstance(options["aligner"], str):
            options["priors"] = args.priors
    elif args.complete or args.min_confidence:
        raise UserError("--complete and --min-confidence go with --projector aligned or candidate")
    if args.projector in ("marker", "candidate"):
        options["translator"] = translator
    if args.projector == "marker":
        from translators.protocol import DecodingOptions

        options["options"] = DecodingOptions()
    return load_projector(args.projector, **options), inputs


def _aligner(args: argparse.Namespace, pairs: list[tuple[Row, Row]]) -> str | WordAligner:
    if args.alignments is not None:
        from alignment.pharaoh import read_pharaoh
        from alignment.rows import token_pair
        from alignment.words.given import GivenLinks

        tokens = [token_pair(source, target) for source, target in pairs]
        lengths = [(len(p.source.offsets), len(p.target.offsets)) for p in tokens]
        return GivenLinks(tokens, list(read_pharaoh(args.alignments, lengths)))
    if args.aligner == "encoder":
        if args.encoder is None:
            raise UserError("--aligner encoder needs --encoder NAME|PATH")
        from alignment.words.encoder.aligner import EncoderAligner

        return EncoderAligner(args.encoder, args.layer)
    if args.aligner == "lexical":
        from alignment.words.lexical import LexicalAligner

        return LexicalAligner()
    return str(args.aligner)


def _translator(args: argparse.Namespace) -> Any:
    from translators.open import open_translator

    return open_translator(args.model)


def _with_attention(inputs: list[ProjectionInput], translator: Any) -> list[ProjectionInput]:
    """The inputs with the attention of forced decoding; only rows with spans need it."""
    from dataclasses import replace

    from alignment.protocol import SegmentAlignment

    wanted = [i for i, row in enumerate(inputs) if row.spans]
    result = list(inputs)
    languages = Counter((inputs[i].source_lang, inputs[i].target_lang) for i in wanted)
    for source, target in languages:
        these = [
            i for i in wanted if (inputs[i].source_lang, inputs[i].target_lang) == (source, target)
        ]
        forced = translator.force(
            [inputs[i].source for i in these], [inputs[i].target for i in these], source, target
        )
        for index, one in zip(these, forced, strict=True):
            segment = SegmentAlignment(one.source_pieces, one.target_pieces, one.attention)
            result[index] = replace(inputs[index], segments=(segment,))
    return result


def _write_dropped(dropped: list[Any], path: Path) -> None:
    """Dropped rows, with their reasons in `meta`; no file where there are none."""
    from dataclasses import replace

    from corpora.writers import write_corpus

    if not dropped:
        path.unlink(missing_ok=True)
        return
    write_corpus(
        [
            replace(
                one.row,
                meta={**one.row.meta, "drop_reason": one.reason, "drop_detail": one.detail},
            )
            for one in dropped
        ],
        path,
        format="jsonl",
    )
