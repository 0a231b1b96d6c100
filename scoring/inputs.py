"""What can be scored: files, and rows and predictions in memory, paired with the gold by their
ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpora.choices import Task
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.readers.memory import InMemory, holds_arrow, rows_of
from corpora.records import Row
from scoring.files import (
    FileOptions,
    predictions_of_corpus,
    predictions_of_rows,
    read_gold,
    read_predictions,
)
from scoring.pairing import pair_up

GoldInput = str | Path | Iterable[str | Path] | InMemory
"""The gold: a file, several files, or rows in memory."""
PredictionInput = str | Path | Iterable[str | Path] | Iterable[Prediction] | InMemory
"""Predictions: a file, several files, predictions, or rows that have what was predicted as labels.

Dictionaries and Arrow data are predictions as files of rows have them; what they leave out of the
rows, such as the text, is the gold's."""


def load_gold(gold: GoldInput, task: Task, files: FileOptions) -> list[list[Row]]:
    """The rows of each file of `gold` for `task`, read as `files` says; rows are one such list.

    Raises `UserError` as `read_gold` does, and `TypeError` for what are neither paths nor rows.
    """
    return [
        read_gold(part, task, files) if isinstance(part, Path) else _rows(part, task, files)
        for part in _parts(gold)
    ]


def load_predictions(
    predictions: PredictionInput,
    gold: list[list[Row]],
    task: Task,
    files: FileOptions,
    *,
    by_id: bool = False,
) -> tuple[list[Prediction], Path | None]:
    """`predictions` for `task`, in the order of all rows of `gold`; and their file, if it is one.

    There are as many files of predictions, read as `files` says, as parts of `gold` (see
    `load_gold`). With `by_id` the rows of a part may be in another order than its gold's.
    Raises `UserError` as `read_predictions` and `pair_up` do, and `TypeError` for what are neither
    paths nor predictions nor rows.
    """
    parts = _parts(predictions)
    if len(parts) != len(gold):
        raise UserError(f"{len(parts)} files of predictions, but {len(gold)} of gold")
    paired: list[Prediction] = []
    for part, rows in zip(parts, gold, strict=True):
        file = part if isinstance(part, Path) else None
        if isinstance(part, Path):
            loaded = read_predictions(part, task, rows, files)
        else:
            loaded = _in_memory(part, rows, task, files)
        paired += pair_up(rows, loaded, by_id=by_id, file=file)
    return paired, file if len(parts) == 1 else None


def _parts(given: GoldInput | PredictionInput) -> list[Any]:
    """Paths, or a single list of rows or predictions, or Arrow data."""
    if isinstance(given, str | Path):
        return [Path(given)]
    if holds_arrow(given):
        return [given]
    if not isinstance(given, Iterable):
        raise TypeError(f"{type(given).__name__}: neither files nor rows")
    items = list(given)
    if items and all(isinstance(item, str | Path) for item in items):
        return [Path(str(item)) for item in items]
    return [items]


def _in_memory(given: Any, gold: list[Row], task: Task, files: FileOptions) -> list[Prediction]:
    if not holds_arrow(given):
        if all(isinstance(item, Prediction) for item in given):
            return list(given)
        if all(isinstance(item, Row) for item in given):
            return predictions_of_rows(given, gold)
    corpus = rows_of(given, task=task, labelled=False, gold=gold, **files.of_rows())
    return predictions_of_corpus(corpus, gold)


def _rows(data: Any, task: Task, files: FileOptions) -> list[Row]:
    """`Row`s as they are, dictionaries and Arrow data read as those of a file."""
    if not holds_arrow(data) and all(isinstance(record, Row) for record in data):
        return list(data)
    corpus = rows_of(data, task=task, **files.of_rows() | {"on_error": "error"})
    return list(corpus.rows())
