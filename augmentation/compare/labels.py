"""The check that the labels of the test sets occur in training."""

from __future__ import annotations

from collections.abc import Sequence

from corpora.choices import Task
from corpora.errors import UserError
from corpora.labels import classes_of, first_kind
from corpora.records import Row


def check_labels(task: Task, train: Sequence[Row], test: Sequence[Row], name: str) -> list[str]:
    """The labels of the test set `test`, called `name`, that the training set `train` never has.

    Nothing is checked where `task` has no labels. Raises `UserError` for a test set that is empty,
    and where training knows none of its labels.
    """
    if not test:
        raise UserError(f"the test set {name} is empty")
    if task in ("qa", "text") or first_kind(test) == "value":
        return []
    trained = _labels(train, task)
    tested = _labels(test, task)
    if not tested:
        kind = "spans" if task == "tokens" else "labels"
        raise UserError(f"the test set {name} has no {kind} at all")
    if not trained & tested:
        raise UserError(
            f"no label of the test set {name} ({', '.join(sorted(tested)[:5])}) is one that "
            "training has",
            choices=trained,
        )
    return sorted(tested - trained)


def _labels(rows: Sequence[Row], task: Task) -> set[str]:
    if task == "tokens":
        return {span.label for row in rows for span in row.spans}
    return {label for row in rows for label in classes_of(row)}
