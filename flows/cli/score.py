"""`labelferry score`: predictions against gold."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.checks import TASKS
from flows.cli.arguments import Number, add_quoting, quoting, seed

if TYPE_CHECKING:
    from corpora.readers import ColumnMapping
    from scoring.files import FileOptions

DESCRIPTION = """\
Score predictions against gold. Every score comes with the signature of how it was computed.

PREDICTIONS are JSON lines with `id` and `label`, `spans` or `target` (as translate-test and
compare write them), SQuAD's {id: answer} JSON, lines of text, or any format that gold may have.

  classification, pair   accuracy, macro and micro F1, Matthews
  tokens                 span F1 (strict IOB2, and exact offsets), exact rows; by label
  qa                     SQuAD's F1 and exact match
  text                   chrF++, chrF, BLEU, TER (and COMET with --comet)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to `parser`."""
    parser.description = DESCRIPTION
    add = parser.add_argument
    add("predictions", type=Path, nargs="+", metavar="PREDICTIONS", help="what was predicted")
    add(
        "--gold",
        type=Path,
        nargs="+",
        required=True,
        metavar="GOLD",
        help="what is right; one for each PREDICTIONS",
    )
    add("--task", required=True, choices=TASKS, help="what was to be predicted")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--lang", metavar="TAG", help="language of rows that do not say theirs (BCP 47)")
    add("--source", metavar="TAG", help="language that the gaps of the others are measured from")
    add("--by-id", action="store_true", help="pair by id where the order differs")
    add("--format", help="of PREDICTIONS; by the name where not given")
    add("--gold-format", help="of GOLD; by the name where not given")
    add(
        "--columns",
        metavar="FIELD=COLUMN,...",
        help="which column of GOLD holds what, as in text=sentence,label=topic",
    )
    add_quoting(parser)
    add("--scheme", help="tagging scheme of CoNLL files; found out where not given")
    add(
        "--on-error",
        default="error",
        choices=("error", "repair"),
        help="what to do about rows that are not right, such as illegal tags",
    )
    add("--baseline", type=Path, nargs="+", metavar="PREDICTIONS", help="test against these")
    add("--test", default="bootstrap", choices=("bootstrap", "randomization"), help="paired test")
    add(
        "--samples",
        type=Number("--samples", 1),
        default=1000,
        metavar="N",
        help="resamples of the test",
    )
    add("--seed", type=seed(), default=0, help="of the test (sacreBLEU has SACREBLEU_SEED)")
    add(
        "--confidence",
        action="store_true",
        help="add the 95%% bootstrap interval of the first metric",
    )
    add(
        "--normalisation",
        default="squad",
        choices=("squad", "mlqa"),
        help="of answers: SQuAD's (English articles) or MLQA's (by language)",
    )
    add("--tokenize", help="sacreBLEU tokenizer for BLEU; by the language where not given")
    add("--comet", nargs="?", const="", metavar="MODEL", help="COMET too (its own package)")


def run(args: argparse.Namespace) -> int:
    """Score as `args` say, and print the report."""
    from scoring.report import score
    from scoring.significance import SignificanceOptions
    from scoring.task import ScoreOptions
    from scoring.translation import COMET_MODEL

    report = score(
        args.predictions,
        args.gold,
        task=args.task,
        by_id=args.by_id,
        source=args.source,
        baseline=args.baseline,
        confidence=args.confidence,
        comet=None if args.comet is None else args.comet or COMET_MODEL,
        files=_file_options(args),
        options=ScoreOptions(args.normalisation, args.tokenize),
        significance=SignificanceOptions(args.test, args.samples, args.seed),
    )
    for warning in report.warnings:
        print(f"labelferry: warning: {warning}", file=sys.stderr)
    print(report.as_json() if args.json else report)
    return 0


def _file_options(args: argparse.Namespace) -> FileOptions:
    from corpora.readers import ColumnMapping
    from corpora.text.languages import normalise_tag
    from scoring.files import FileOptions

    return FileOptions(
        args.format,
        args.gold_format,
        None if args.lang is None else normalise_tag(args.lang),
        _columns(args.columns) if args.columns else ColumnMapping(),
        args.scheme,
        args.on_error,
        quoting(args.quoting),
    )


def _columns(text: str) -> ColumnMapping:
    from corpora.errors import UserError
    from corpora.readers import ColumnMapping

    names = ColumnMapping.names()
    columns = {}
    for pair in text.split(","):
        name, equals, column = pair.partition("=")
        if not equals or name not in names:
            raise UserError(f"--columns {text}: {pair!r} is not FIELD=COLUMN", choices=names)
        columns[name] = column
    return ColumnMapping(**columns)
