"""What can be scored: files, rows and predictions, paired with the gold by their ids."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from corpora.choices import Task
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from scoring.files import FileOptions, predictions_of_rows, read_gold, read_predictions
from scoring.pairing import pair_up

GoldInput = str | Path | Iterable[str | Path] | Iterable[Row]
"""The gold: a file, several files, or rows."""
PredictionInput = str | Path | Iterable[str | Path] | Iterable[Prediction] | Iterable[Row]
"""Predictions: a file, several files, predictions, or rows labelled with what was predicted."""


def load_gold(gold: GoldInput, task: Task, files: FileOptions) -> list[list[Row]]:
    """The rows of each file of `gold` for `task`, read as `files` says; rows are one such list.

    Raises `UserError` as `read_gold` does, and `TypeError` for what are neither paths nor rows.
    """
    loaded = []
    for part in _parts(gold):
        if isinstance(part, Path):
            loaded.append(read_gold(part, task, files))
        else:
            _check_types(part, Row)
            loaded.append(part)
    return loaded


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
            loaded = _in_memory(part, rows)
        paired += pair_up(rows, loaded, by_id=by_id, file=file)
    return paired, file if len(parts) == 1 else None


def _parts(given: GoldInput | PredictionInput) -> list[Path | list[Any]]:
    """Paths, or a single list of rows or predictions."""
    if isinstance(given, str | Path):
        return [Path(given)]
    items = list(given)
    if items and all(isinstance(item, str | Path) for item in items):
        return [Path(str(item)) for item in items]
    return [items]


def _in_memory(predictions: list[Any], gold: list[Row]) -> list[Prediction]:
    if predictions and all(isinstance(item, Row) for item in predictions):
        return predictions_of_rows(predictions, gold)
    _check_types(predictions, Prediction)
    return predictions


def _check_types(items: list[Any], expected: type) -> None:
    for item in items:
        if not isinstance(item, expected):
            raise TypeError(f"a {type(item).__name__} where a {expected.__name__} is expected")
