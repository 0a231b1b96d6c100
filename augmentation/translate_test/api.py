"""`translate_test` for programs: data in memory or in files, settings by keyword."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from augmentation.pipeline.configuration import validate
from augmentation.pipeline.inputs import RowData, naming_rows_in_memory, saved
from augmentation.pipeline.listener import Listener
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.run import TranslateTestResult
from augmentation.translate_test.run import translate_test as run_translate_test
from corpora.choices import Task
from corpora.errors import UserError
from corpora.fingerprint import fingerprint, path_hash
from corpora.folders import runs_folder
from corpora.manifest import run_folder


@naming_rows_in_memory()
def translate_test(
    data: RowData,
    *,
    task: Task,
    source: str,
    target: str,
    predictor: str,
    out: str | Path | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> TranslateTestResult:
    """Translate `data` from `source` to `target`, predict there, and project the predictions back.

    `data` is a file or folder, or rows in memory, which are written to a file named for their
    content first. `task` is what is predicted; languages are BCP 47 tags. `predictor` is a folder,
    a hub id, or `command:PROGRAM ARGUMENTS`. `out` is the run folder, by default one among the
    other runs. `settings` are those of `TranslateTestConfig`. `listener` is told how the run goes.
    Raises `UserError` for what is wrong with data or settings.
    """
    path = saved(data)
    if not path.exists():
        raise UserError("no such file", file=path)
    given = {"task": task, "source": source, "target": target, "predictor": predictor, **settings}
    config = validate(TranslateTestConfig, {"input": path, "out": out or Path(), **given})
    if out is None:
        decides = config.model_dump(mode="json", exclude={"input", "out", "runtime", "timeout"})
        identity = fingerprint(["translate-test", path_hash(path), decides])
        folder = run_folder(runs_folder(), f"{path.stem}-predictions", identity)
        config = config.model_copy(update={"out": folder})
    return run_translate_test(config, listener)
