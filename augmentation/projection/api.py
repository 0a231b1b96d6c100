"""`project` and `align`: labelled rows and bitexts that exist already, in files or in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from augmentation.pipeline.configuration import validate
from augmentation.pipeline.inputs import RowData
from augmentation.projection.align import (
    AlignmentResult,
    read_pairs,
    sentence_pairs,
)
from augmentation.projection.align import align as align_pairs
from augmentation.projection.config import AlignConfig, ProjectConfig
from augmentation.projection.project import (
    ProjectionResult,
    read_translations,
    translation_rows,
)
from augmentation.projection.project import project as project_rows
from augmentation.reporting.rows import read
from corpora.choices import Task
from corpora.errors import UserError
from corpora.readers.memory import holds_arrow
from corpora.records import Row
from corpora.text.languages import normalise_tag


def project(
    sources: RowData,
    translations: RowData | Iterable[str],
    *,
    source: str,
    target: str,
    task: Task = "tokens",
    **settings: Any,
) -> ProjectionResult:
    """Project the labels of `sources` onto their `translations`, which exist already.

    `sources` are a file or rows in memory, in the language `source`; `translations` are a file
    (rows, or one per line), rows, or strings, in the language `target` (BCP 47 tags). They are
    paired by their ids or, without ids in common, in order. `task` is what the rows are labelled
    for. `settings` are those of `ProjectConfig`.

    Raises `UserError` for what cannot be read or paired, and `TypeError` for data of another kind.
    """
    config = validate(ProjectConfig, settings)
    source, target = normalise_tag(source), normalise_tag(target)
    labelled = list(read(sources, task=task, lang=source, max_chars=config.max_chars))
    file = str(translations) if isinstance(translations, str | Path) else "translations"
    rows = _translations(translations, task, target, config.max_chars)
    return project_rows(labelled, rows, config, task=task, file=file)


def _translations(
    data: RowData | Iterable[str], task: Task, lang: str, max_chars: int | None
) -> list[Row]:
    if isinstance(data, str | Path):
        return read_translations(Path(data), task=task, lang=lang, max_chars=max_chars)
    rows: Any = data
    if not holds_arrow(data) and isinstance(data, Iterable):
        rows = list(data)
        if all(isinstance(item, str) for item in rows):
            return translation_rows(rows, lang, file="translations", max_chars=max_chars)
    return list(read(rows, task=task, lang=lang, labelled=False, max_chars=max_chars))


def align(
    source: str | Path | Iterable[str] | Iterable[tuple[str, str]],
    target: str | Path | Iterable[str] | None = None,
    **settings: Any,
) -> AlignmentResult:
    """Align the words of a bitext.

    `source` and `target` are two files of one sentence per line, or two iterables of sentences; or
    `source` alone is a file of tab-separated pairs, or an iterable of pairs. `settings` are those
    of `AlignConfig`. Raises `UserError` for sides that differ in number, and for files and models
    that do not exist.
    """
    config = validate(AlignConfig, settings)
    if isinstance(source, str | Path):
        if target is not None and not isinstance(target, str | Path):
            raise TypeError("source is a file, so target must be one too")
        return align_pairs(
            read_pairs(Path(source), None if target is None else Path(target)), config
        )
    if isinstance(target, str | Path):
        raise TypeError("target is a file, so source must be one too")
    if target is None:
        pairs: list[Any] = list(source)
        sources, targets = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    else:
        sources, targets = list(source), list(target)
    if len(sources) != len(targets):
        raise UserError(f"{len(sources)} source sentences, but {len(targets)} target sentences")
    return align_pairs(sentence_pairs(sources, targets), config)
