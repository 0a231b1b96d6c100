"""`translate_train` and `export` for programs: data in memory or in files, settings by keyword."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augmentation.pipeline.configuration import validate
from augmentation.pipeline.inputs import RowData, naming_rows_in_memory, saved
from augmentation.pipeline.listener import Listener
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.finished import (
    default_export_path,
    export_rows,
    languages_of_export,
)
from augmentation.translate_train.run import TranslateTrainResult
from augmentation.translate_train.run import translate_train as run_translate_train
from augmentation.translate_train.runs import open_finished
from corpora.choices import Task
from corpora.storage import check_writable
from corpora.writers.options import WriteReport


@naming_rows_in_memory()
def translate_train(
    data: RowData,
    *,
    task: Task,
    source: str,
    targets: str | Sequence[str],
    out: str | Path | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> TranslateTrainResult:
    """Translate labelled `data` from `source` to all `targets` and project its labels.

    `data` is a file or folder, or rows in memory, which are written to a file named for their
    content first. `task` is what the rows are labelled for; languages are BCP 47 tags. `out` is the
    run folder, by default one among the other runs; a run that exists is continued. `settings` are
    those of `TranslateTrainConfig`; nested ones are dictionaries or configurations. `listener`
    is told how the run goes. Raises `UserError` for what is wrong with data or settings.
    """
    languages = [targets] if isinstance(targets, str) else list(targets)
    given = {"task": task, "source": source, "targets": languages, "out": out, **settings}
    config = validate(TranslateTrainConfig, {"input": saved(data), **given})
    return run_translate_train(config, listener)


def export(
    run: TranslateTrainResult | str | Path,
    out: str | Path | None = None,
    *,
    target: str | None = None,
    format: str | None = None,
    split: str | Sequence[str] | None = None,
) -> WriteReport:
    """Write the rows of a finished `run`, a result or a folder, to the file `out`.

    `target` is the language, by default the run's only one (all, for the format `hf`).
    `format` is by default that of the name of `out`, or JSON Lines in the run's folder `export`
    without `out`. `split` chooses the
    rows of one split, or of several. Formats that cannot hold a row's split, such as CoNLL, have a
    file for each where there are several: the report has them all. Raises `UserError` for a run
    that is not finished, a language or split that
    it does not have, and for a file that cannot be written or is in a folder of the run.
    """
    folder = run.run if isinstance(run, TranslateTrainResult) else Path(run)
    finished = open_finished(folder)
    languages = languages_of_export(finished, target, format)
    if out is None:
        format = format or "jsonl"
        path = default_export_path(finished, "+".join(languages), format)
    else:
        path = Path(out)
    check_writable(path)
    return export_rows(finished, path, target=languages, format=format, split=split)
