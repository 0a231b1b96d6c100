"""`labelferry translate-train`: labelled rows in one language in, in other languages out."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Any

from augmentation.translate_train.config import TranslateTrainConfig
from flows.cli.arguments import ConfigFile, InputFiles, NoPrefect, columns_in_words
from flows.cli.messages import say
from flows.cli.options import Overrides, takes_settings

if TYPE_CHECKING:
    from augmentation.translate_train.run import TranslateTrainResult
    from augmentation.translate_train.setup import TranslateTrainSetup


@takes_settings(
    TranslateTrainConfig,
    leave_out=("input",),
    names={"targets": "--target", "filters.min_translation_score": "--min-score"},
)
def translate_train(
    input: InputFiles = None,
    /,
    *,
    config: ConfigFile = None,
    no_prefect: NoPrefect = False,
    settings: Overrides,
) -> int:
    """Translate labelled data and project its labels: labels as they are, spans by alignment.

    INPUT is JSONL, JSON, CSV, TSV, Parquet, Arrow, a `datasets` folder, CoNLL, SQuAD JSON, plain
    text, brat, or an export of doccano, Label Studio, Argilla, Prodigy or spaCy; gzip, zstd, bzip2,
    xz and zip are unpacked. Several inputs, and the files of a folder, are read as one. The run
    folder holds every step; run the same command again to continue after a crash, or with an input
    that has grown to translate only what is new.
    """
    from augmentation.pipeline.configuration import load
    from augmentation.pipeline.inputs import kept
    from augmentation.translate_train.setup import changes_since, resolve
    from corpora.readers.pipes import regular_file

    # Thousands of rows are created and freed, without cycles: collecting them would cost a tenth.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    config = None if config is None else regular_file(config)
    if input:
        settings["input"] = tuple(map(kept, input))
    setup = resolve(load(TranslateTrainConfig, config, settings))
    for note in changes_since(config, setup):
        say(f"labelferry: note: {note}", sys.stderr)
    say(_introduction(setup))
    say(summary_table(_perform(setup, no_prefect)))
    return 0


def _perform(setup: TranslateTrainSetup, no_prefect: bool) -> TranslateTrainResult:
    from augmentation.translate_train.run import start_run
    from flows.progress import watch

    if no_prefect:
        with start_run(setup, watch()) as run:
            return run.run_to_end()
    from flows.environment import Prefect

    prefect = Prefect()
    with start_run(setup, watch()) as run, prefect.prepared(meanwhile=run.run_until):
        from flows.translate_train import run_flow

        return run_flow(run)


def _introduction(setup: Any) -> str:
    from corpora.readers.inputs import input_path

    config = setup.config
    by = f"; spans placed by {setup.translation.projector}" if setup.translation.has_spans else ""
    targets = ", ".join(config.targets)
    columns = config.reading.open(config.input, config.task, config.source).columns()
    return (
        f"{input_path(config.input)} ({config.task}), {config.source} to {targets}\n"
        + (f"columns {columns_in_words(columns)}\n" if columns else "")
        + f"model {setup.translation.models.name}{by}"
    )


def _rate(result: TranslateTrainResult) -> str:
    if result.rows:
        return f"{result.rows / result.seconds:.1f}"
    return "no row was left to translate" if result.shards else "all was done before"


def summary_table(result: TranslateTrainResult) -> str:
    """The short table of `result` that a run ends with, and where its results are."""
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
    if any(t.by_hand for t in targets):
        rows.append(("  by hand", [str(t.by_hand) for t in targets]))
    rows.append(("rows per second", [_rate(result)]))
    name_width = max(len(name) for name, _ in rows)
    widths = [max(len(cells[i]) for _, cells in rows[:-1]) for i in range(len(targets))]
    lines = [
        "  ".join(
            [name.ljust(name_width), *(c.rjust(w) for c, w in zip(cells, widths, strict=False))]
        )
        for name, cells in rows
    ]
    repaired = ", ".join(f"{count} {repair}" for repair, count in sorted(summary.repaired.items()))
    if repaired:
        lines.append(f"{'repaired'.ljust(name_width)}  {repaired}")
    lines += [f"{'export'.ljust(name_width)}  {path}" for path in result.exports()]
    lines.append(f"{'report'.ljust(name_width)}  {result.report}")
    return "\n".join(lines)
