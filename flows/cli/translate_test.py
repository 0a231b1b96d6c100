"""`labelferry translate-test`: predictions for rows in a language that the predictor lacks."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.cli.arguments import Number, Option, add_options, overrides

DESCRIPTION = """\
Translate rows to the language of a predictor, predict there, and bring the predictions back:
classes as they are, spans and answers onto the original text, free text translated back.

A predicted span that cannot be brought back leaves a flag, and scoring counts it as wrong; no row
is dropped but bad ones, with --on-error skip. OUT/predictions.jsonl has the id, prediction,
probabilities and translation of every row; `labelferry score` reads it.
"""

OPTIONS: tuple[Option, ...] = (
    ("--task", "task", "classification, pair, tokens, qa or text (no default)", {}),
    ("--source", "source", "language of the input, BCP 47 (no default)", {"metavar": "LANG"}),
    ("--target", "target", "language of the predictor, BCP 47 (no default)", {"metavar": "LANG"}),
    (
        "--predictor",
        "predictor",
        "folder, hub id, or 'command:PROGRAM ARGUMENTS': JSON rows on stdin, predictions on stdout "
        "(no default)",
        {"metavar": "WHERE"},
    ),
    ("--out", "out", "run folder (no default)", {"metavar": "DIR", "type": Path}),
    (
        "--model",
        "model",
        "translator: name in the store or folder; several for pivoting "
        "(default: the model that ships)",
        {"action": "append"},
    ),
    (
        "--pivot",
        "pivot",
        "language to go by where no model is direct (default: none)",
        {"metavar": "LANG"},
    ),
    (
        "--n-best",
        "n_best",
        "translations of each row, the predictions on which are averaged (default: 1)",
        {"type": Number("--n-best", 1, 1000), "metavar": "N"},
    ),
    (
        "--ensemble",
        "ensemble",
        "a predictor for the input's own language, to average logits with (default: none)",
        {"metavar": "WHERE"},
    ),
    (
        "--ensemble-weight",
        "ensemble_weight",
        "its weight, from 0 to 1 (default: 0.5)",
        {"type": Number("--ensemble-weight", 0, 1, whole=False), "metavar": "W"},
    ),
    (
        "--timeout",
        "timeout",
        "seconds that a command has for a shard (default: 3600)",
        {"type": Number("--timeout", 0, whole=False, above=True), "metavar": "S"},
    ),
    ("--format", "reading.format", "format of the input (default: by its name)", {}),
    (
        "--columns",
        "reading.columns",
        "which column holds what, as in text=sentence (default: the usual names)",
        {"metavar": "A=B,..."},
    ),
    ("--scheme", "reading.scheme", "tagging scheme of CoNLL files (default: by the tags)", {}),
    ("--split", "reading.split", "only the rows of this split (default: all)", {}),
    (
        "--quoting",
        "reading.quoting",
        "whether fields may stand in quotes, yes or no (default: in CSV they may, in TSV not)",
        {"metavar": "YES|NO"},
    ),
    (
        "--on-error",
        "reading.on_error",
        "bad rows: error, skip or repair (default: error)",
        {},
    ),
    (
        "--limit",
        "reading.limit",
        "read this many rows (default: all)",
        {"type": Number("--limit", 1)},
    ),
    (
        "--beam-size",
        "decoding.beam_size",
        "hypotheses kept in decoding (default: 2)",
        {"type": Number("--beam-size", 1, 1000), "metavar": "N"},
    ),
    (
        "--projector",
        "projection.projector",
        "how spans are brought back: aligned, attention, marker, candidate or vote "
        "(default: aligned)",
        {"metavar": "NAME"},
    ),
    (
        "--shard-rows",
        "shard_rows",
        "rows a shard (default: 2000)",
        {"type": Number("--shard-rows", 1), "metavar": "N"},
    ),
    ("--device", "runtime.device", "auto, cpu or cuda (default: auto)", {}),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments; what is not given is left to the configuration file."""
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    parser.add_argument("input", nargs="?", type=Path, metavar="INPUT", help="file or folder")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="YAML",
        help="settings; what is given here wins over it (default: none)",
    )
    add_options(parser, OPTIONS)
    parser.add_argument(
        "--no-prefect",
        action="store_true",
        help="run in this process, without Prefect (default: with it)",
    )


def run(args: argparse.Namespace) -> int:
    """Run translate-test, and print what came of it."""
    from augmentation.pipeline.configuration import load
    from augmentation.translate_test.config import TranslateTestConfig

    given = vars(args)
    config = load(TranslateTestConfig, given.get("config"), overrides(given, OPTIONS))
    if given.get("no_prefect"):
        from augmentation.translate_test.run import translate_test

        result = translate_test(config)
    else:
        from flows.environment import prepared_prefect

        with prepared_prefect():
            from flows.translate_test import translate_test as flow

            result = flow(config)
    lines: list[tuple[str, object]] = [("rows", result.rows)]
    lines += [(f"  {flag}", count) for flag, count in sorted(result.flags.items())]
    lines += [("dropped", result.dropped)] if result.dropped else []
    lines += [("seconds", round(result.seconds, 1)), ("predictions", result.predictions)]
    wide = max(len(name) for name, _ in lines)
    print("\n".join(f"{name.ljust(wide)}  {value}" for name, value in lines))
    return 0
