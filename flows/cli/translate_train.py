"""`labelferry translate-train`: labelled rows in one language in, in other languages out."""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.cli.arguments import Number, Option, add_options, overrides, seed

if TYPE_CHECKING:
    from augmentation.translate_train.run import TranslateTrainResult
    from augmentation.translate_train.setup import TranslateTrainSetup

DESCRIPTION = """\
Translate labelled data and carry its labels over: labels as they are, spans by projection.

INPUT is JSONL, CSV, TSV, Parquet, Arrow, a `datasets` folder, CoNLL, SQuAD JSON or plain text,
gzip and zstd unpacked. The run folder holds every step; run the same command again to go on after
a crash, or with an input that has grown to translate only what is new.
"""
TASK_HELP = (
    "classification (text, label), pair (text, text_pair, label), tokens (spans, perhaps a label), "
    "qa (question, context, answers) or text (text, target)"
)

OPTIONS: tuple[Option, ...] = (
    ("--task", "task", f"{TASK_HELP} (no default)", {}),
    ("--source", "source", "language of the input, BCP 47 (no default)", {"metavar": "LANG"}),
    (
        "--target",
        "targets",
        "language to translate to, BCP 47; may be repeated (no default)",
        {"metavar": "LANG", "action": "append"},
    ),
    (
        "--model",
        "model",
        "name in the store or folder; several for pivoting (default: the model that ships)",
        {"action": "append"},
    ),
    (
        "--pivot",
        "pivot",
        "language to go by where no model is direct (default: none)",
        {"metavar": "LANG"},
    ),
    (
        "--out",
        "out",
        "run folder (default: data/runs/NAME-FINGERPRINT)",
        {"metavar": "DIR", "type": Path},
    ),
    ("--name", "name", "name of the run (default: the input's)", {}),
    (
        "--memory",
        "memory",
        "folder of the translation memory, or 'off' (default: data/runs/memory)",
        {"metavar": "DIR"},
    ),
    ("--format", "reading.format", "format of the input (default: by its name)", {}),
    (
        "--columns",
        "reading.columns",
        "which column holds what, as in text=sentence,label=class (default: the usual names)",
        {"metavar": "A=B,..."},
    ),
    (
        "--scheme",
        "reading.scheme",
        "tagging scheme: iob1, iob2, bioes or bilou (default: by the tags)",
        {},
    ),
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
        "bad rows: error, skip (they are dropped with their reason) or repair (default: error)",
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
        "--compute-type",
        "decoding.compute_type",
        "as CTranslate2 names them (default: auto: the model's own)",
        {"metavar": "TYPE"},
    ),
    (
        "--projector",
        "projection.projector",
        "how spans are placed: attention (quickest, for models that were taught an alignment), "
        "aligned, marker, candidate or vote (default: aligned)",
        {"metavar": "NAME"},
    ),
    (
        "--unplaced",
        "projection.unplaced",
        "a span that cannot be placed: drop-row or drop-span (default: drop-row)",
        {},
    ),
    (
        "--alternatives",
        "projection.alternatives",
        "further translations to try of a sentence with a span that cannot be placed (default: 0)",
        {"type": Number("--alternatives", 0, 1000), "metavar": "N"},
    ),
    ("--seed", "seed", "of sampling (default: 0)", {"type": seed()}),
    (
        "--shard-rows",
        "shard_rows",
        "rows a shard (default: 6000)",
        {"type": Number("--shard-rows", 1), "metavar": "N"},
    ),
    ("--device", "runtime.device", "auto, cpu or cuda (default: auto)", {}),
    (
        "--licence",
        "licence",
        "terms of the export, for its card (default: unknown)",
        {},
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own arguments; what is not given is left to the configuration file."""
    parser.description = DESCRIPTION
    parser.argument_default = argparse.SUPPRESS
    # A string: argparse would make a Path of the mark that says there is no default.
    parser.add_argument(
        "input", nargs="?", metavar="INPUT", help="file or folder (default: that of --config)"
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="YAML",
        help="settings, or a run's run.json to make it again; what is given here wins over it "
        "(default: none)",
    )
    add_options(parser, OPTIONS)
    parser.add_argument(
        "--no-prefect",
        action="store_true",
        help="run the steps in this process, without Prefect (default: with it)",
    )


def run(args: argparse.Namespace) -> int:
    """Run translate-train and print what came of it."""
    from augmentation.translate_train.config import load_config
    from augmentation.translate_train.setup import changes_since, resolve

    # Rows are made and let go by the thousand, and without cycles: looking for some costs a tenth.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    given = vars(args)
    config = load_config(given.get("config"), overrides(given, OPTIONS))
    setup = resolve(config)
    for note in changes_since(given.get("config"), setup):
        print(f"labelferry: note: {note}", file=sys.stderr)
    print(_introduction(setup), flush=True)
    print(summary_table(_carry_out(setup, bool(given.get("no_prefect")))))
    return 0


def _carry_out(setup: TranslateTrainSetup, no_prefect: bool) -> TranslateTrainResult:
    from augmentation.translate_train.run import begun
    from flows.progress import watch

    if no_prefect:
        with begun(setup, watch()) as run:
            return run.go_on()
    from flows.environment import Prefect

    prefect = Prefect()
    with begun(setup, watch()) as run, prefect.prepared(meanwhile=run.go_ahead):
        from flows.translate_train import run_flow

        return run_flow(run)


def _introduction(setup: Any) -> str:
    config = setup.config
    by = f"; spans placed by {setup.translation.projector}" if setup.translation.has_spans else ""
    targets = ", ".join(config.targets)
    return (
        f"{config.input} ({config.task}), {config.source} to {targets}\n"
        f"model {setup.translation.models.name}{by}"
    )


def _rate(result: TranslateTrainResult) -> str:
    if result.rows:
        return f"{result.rows / result.seconds:.1f}"
    return "no row was left to translate" if result.shards else "all was done before"


def summary_table(result: TranslateTrainResult) -> str:
    """The short table that a run ends with, and where its results lie."""
    summary = result.summary
    targets = summary.targets
    rows: list[tuple[str, list[str]]] = [
        ("", [t.target for t in targets]),
        ("rows in", [str(summary.rows_in) for _ in targets]),
        ("kept", [str(t.kept) for t in targets]),
        ("dropped", [str(t.dropped.total()) for t in targets]),
    ]
    for reason in sorted({reason for t in targets for reason in t.dropped}):
        rows.append((f"  {reason}", [str(t.dropped[reason]) for t in targets]))
    if any(t.spans for t in targets):
        rows.append(
            ("spans projected", [f"{t.placed.total()} of {t.spans.total()}" for t in targets])
        )
    if any(t.retranslated for t in targets):
        rows.append(("  rows translated otherwise", [str(t.retranslated) for t in targets]))
    rows.append(("segments", [str(t.segments) for t in targets]))
    if any(t.remembered for t in targets):
        rows.append(("  remembered", [str(t.remembered) for t in targets]))
    rows.append(("rows a second", [_rate(result)]))
    wide = max(len(name) for name, _ in rows)
    widths = [max(len(cells[i]) for _, cells in rows[:-1]) for i in range(len(targets))]
    lines = [
        "  ".join([name.ljust(wide), *(c.rjust(w) for c, w in zip(cells, widths, strict=False))])
        for name, cells in rows
    ]
    repaired = ", ".join(f"{count} {what}" for what, count in sorted(summary.repaired.items()))
    if repaired:
        lines.append(f"{'repaired'.ljust(wide)}  {repaired}")
    lines += [f"{'export'.ljust(wide)}  {path}" for path in result.exports()]
    lines.append(f"{'report'.ljust(wide)}  {result.report}")
    return "\n".join(lines)
