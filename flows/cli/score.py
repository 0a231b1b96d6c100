"""`labelferry score`: predictions against gold."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpora.checks import TASKS
from flows.cli.arguments import Number, add_quoting, quoting, seed

if TYPE_CHECKING:
    from corpora.checks import Task
    from corpora.predictions import Prediction
    from corpora.readers import ColumnMapping
    from corpora.records import Row
    from scoring.files import FileOptions
    from scoring.significance import Comparison
    from scoring.task import ScoreOptions

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
    """The command's own arguments."""
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
    """Score, and print."""
    from scoring.tables import by_label_table, comparison_table, languages_table, score_table

    found = _score(args)
    if args.json:
        print(json.dumps(found["report"], indent=1, ensure_ascii=False))
        return 0
    table = found["table"]
    for one in table.languages:
        if len(table.languages) > 1:
            print(f"\n{one.lang}: {one.items} items")
        print(score_table(one.scores))
        by_label = one.scores[0].details.get("by_label")
        if by_label:
            print(f"\n{by_label_table(by_label)}")
    if len(table.languages) > 1:
        print(f"\n{languages_table(table)}")
        if found["scores"]:
            print(f"\nall items together\n{score_table(found['scores'])}")
    if found["interval"] is not None:
        low, high = found["interval"]
        print(f"\n95 % of bootstrap samples: {low:.2f} to {high:.2f}")
    if found["comparisons"]:
        print(f"\n{comparison_table(found['comparisons'])}")
    return 0


def _score(args: argparse.Namespace) -> dict[str, Any]:
    from dataclasses import asdict

    from scoring.significance import confidence_interval
    from scoring.task import ScoreOptions, language_table, task_measures

    gold_options, options = _file_options(args)
    gold, predicted = _read(args, args.predictions, gold_options, options)
    for label, count in _strays(args.task, gold, predicted, args.predictions).items():
        print(
            f"labelferry: warning: {label!r} was predicted {count} times and is never in the gold",
            file=sys.stderr,
        )
    langs = {row.lang for row in gold}
    several = len(langs) > 1
    # One BLEU over several languages would mean nothing.
    together = not (several and args.task == "text")
    source = _source(args.source, langs)
    _check_together(args, langs, together)
    scoring = ScoreOptions(args.normalisation, args.tokenize)
    table = language_table(args.task, gold, predicted, scoring, source=source)
    measures = task_measures(args.task, gold, predicted, scoring) if together else []
    if args.comet is not None:
        measures.append(_comet(args, gold, predicted))
    scores = [measure.score() for measure in measures]
    interval = confidence_interval(measures[0]) if args.confidence else None
    comparisons = []
    if args.baseline:
        _, baseline = _read(args, args.baseline, gold_options, options)
        _strays(args.task, gold, baseline, args.baseline)
        comparisons = _compare(args, gold, predicted, baseline, scoring)
    report = {
        "task": args.task,
        "items": len(gold),
        "scores": [asdict(score) for score in scores],
        "languages": asdict(table),
        "confidence_interval": interval,
        "comparisons": [asdict(one) | {"difference": one.difference} for one in comparisons],
    }
    return {
        "table": table,
        "scores": scores if several or args.comet is not None else [],
        "interval": interval,
        "comparisons": comparisons,
        "report": report,
    }


def _file_options(args: argparse.Namespace) -> tuple[FileOptions, FileOptions]:
    from dataclasses import replace

    from corpora.readers import ColumnMapping
    from corpora.text.languages import normalise_tag
    from scoring.files import FileOptions

    columns = _columns(args.columns) if args.columns else ColumnMapping()
    predicted = FileOptions(
        args.format,
        None if args.lang is None else normalise_tag(args.lang),
        scheme=args.scheme,
        on_error=args.on_error,
        quoting=quoting(args.quoting),
    )
    return replace(predicted, format=args.gold_format, columns=columns), predicted


def _columns(text: str) -> ColumnMapping:
    from corpora.errors import UserError
    from corpora.readers import ColumnMapping

    known = ColumnMapping.names()
    chosen = {}
    for pair in text.split(","):
        name, equals, column = pair.partition("=")
        if not equals or name not in known:
            raise UserError(f"--columns {text}: {pair!r} is not FIELD=COLUMN", choices=known)
        chosen[name] = column
    return ColumnMapping(**chosen)


def _read(
    args: argparse.Namespace, files: list[Path], gold_options: FileOptions, options: FileOptions
) -> tuple[list[Row], list[Prediction]]:
    from corpora.errors import UserError
    from scoring.files import read_gold, read_predictions
    from scoring.pairing import pair_up

    if len(files) != len(args.gold):
        raise UserError(f"{len(files)} files of predictions, but {len(args.gold)} of gold")
    gold: list[Row] = []
    predicted: list[Prediction] = []
    for file, gold_file in zip(files, args.gold, strict=True):
        rows = read_gold(gold_file, args.task, gold_options)
        given = read_predictions(file, args.task, rows, options)
        predicted += pair_up(rows, given, by_id=args.by_id, file=file)
        gold += rows
    return gold, predicted


def _strays(
    task: Task, gold: list[Row], predicted: list[Prediction], files: list[Path]
) -> dict[str, int]:
    from scoring.task import stray_labels

    return stray_labels(task, gold, predicted, file=files[0] if len(files) == 1 else None)


def _source(given: str | None, langs: set[str]) -> str | None:
    """The language that gaps are measured from, as the gold's rows spell it."""
    from corpora.errors import UserError
    from corpora.text.languages import normalise_tag

    if given is None or given in langs:
        return given
    source = normalise_tag(given)
    if source not in langs:
        raise UserError(f"--source {given}: the gold has no row in it", choices=langs)
    return source


def _check_together(args: argparse.Namespace, langs: set[str], together: bool) -> None:
    """Raise `UserError` for what can only be said of all rows together where that is nothing."""
    from corpora.errors import UserError

    if not together and (args.baseline or args.confidence):
        option = "--baseline" if args.baseline else "--confidence"
        raise UserError(
            f"{option}: the gold is in several languages ({', '.join(sorted(langs))}), and one "
            "score of text over them would mean nothing: score each by itself"
        )


def _comet(args: argparse.Namespace, gold: list[Row], predicted: list[Prediction]) -> Any:
    from corpora.errors import UserError
    from scoring.translation import COMET_MODEL, comet_measure

    if args.task != "text":
        raise UserError(f"COMET is for the task 'text', not for {args.task!r}")
    return comet_measure(
        [row.text for row in gold],
        [one.target or "" for one in predicted],
        [row.target or "" for row in gold],
        args.comet or COMET_MODEL,
    )


def _compare(
    args: argparse.Namespace,
    gold: list[Row],
    predicted: list[Prediction],
    baseline: list[Prediction],
    scoring: ScoreOptions,
) -> list[Comparison]:
    from scoring.significance import compare_measures
    from scoring.task import task_measures
    from scoring.translation import compare_translations

    if args.task == "text":
        return compare_translations(
            [one.target or "" for one in baseline],
            [one.target or "" for one in predicted],
            [row.target or "" for row in gold],
            gold[0].lang,
            method=args.test,
            samples=args.samples,
            tokenize=args.tokenize,
        )
    alphabet = {
        label
        for one in (*predicted, *baseline)
        for label in (one.label, *(s.label for s in one.spans))
        if label is not None
    }
    groups = None
    if args.task == "qa" and len({row.text for row in gold}) < len(gold):
        groups = [row.text for row in gold]  # questions on one paragraph are not independent
    before = task_measures(args.task, gold, baseline, scoring, alphabet=alphabet)
    after = task_measures(args.task, gold, predicted, scoring, alphabet=alphabet)
    return [
        compare_measures(
            [old], [new], method=args.test, samples=args.samples, seed=args.seed, groups=groups
        )
        for old, new in zip(before, after, strict=True)
    ]
