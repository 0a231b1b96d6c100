"""`compare` for programs: data in memory or in files, settings by keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from augmentation.compare.config import CompareConfig, SourceConfig, TargetConfig
from augmentation.compare.run import CompareResult
from augmentation.compare.run import compare as run_compare
from augmentation.pipeline.configuration import Strict, validate
from augmentation.pipeline.inputs import naming_rows_in_memory, saved
from augmentation.pipeline.listener import Listener
from corpora.choices import Task

_CORPORA = ("train", "dev", "test")


@naming_rows_in_memory()
def compare(
    *,
    task: Task,
    source: SourceConfig | Mapping[str, Any],
    targets: Sequence[TargetConfig | Mapping[str, Any]],
    out: str | Path | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> CompareResult:
    """Compare the transfer strategies from the language `source` to all `targets`.

    `source` and each of `targets` have a `lang` (BCP 47) and the corpora `train`, `dev` and `test`
    of `SourceConfig` and `TargetConfig`: a file or folder, rows in memory, or a dictionary with
    such a `path` and how to read it. `task` is what is predicted. `out` is the run folder, by
    default one among the other runs. `settings` are those of `CompareConfig`; `listener` is told
    how the run goes. Raises `UserError` for what is wrong with data or settings.
    """
    languages = {"source": _language(source), "targets": [_language(each) for each in targets]}
    values = {"task": task, "out": out, **languages, **settings}
    return run_compare(validate(CompareConfig, values), listener)


def _language(language: SourceConfig | TargetConfig | Mapping[str, Any]) -> Any:
    """`language` with the rows in memory that it has written to files."""
    if isinstance(language, Strict):
        return language
    return {name: _corpus(value) if name in _CORPORA else value for name, value in language.items()}


def _corpus(value: Any) -> Any:
    if value is None or isinstance(value, Strict):
        return value
    if not isinstance(value, Mapping):
        return saved(value)
    return {**value, "path": saved(value["path"])} if "path" in value else value
