"""Labels of the test sets that training lacks."""

from __future__ import annotations

from collections.abc import Sequence

from corpora.checks import Task
from corpora.errors import UserError
from corpora.records import Row


def check_labels(task: Task, train: Sequence[Row], test: Sequence[Row], name: str) -> list[str]:
    """The labels of a test set that training never has.

    Raises `UserError` for a test set that is empty, and where no label at all is known.
    """
    if not test:
        raise UserError(f"the test set {name} is empty")
    if task in ("qa", "text"):
        return []
    known = _labels(train, task)
    wanted = _labels(test, task)
    if not wanted:
        what = "spans" if task == "tokens" else "labels"
        raise UserError(f"the test set {name} has no {what} at all")
    if not known & wanted:
        raise UserError(
            f"no label of the test set {name} ({', '.join(sorted(wanted)[:5])}) is one that "
            "training has",
            choices=known,
        )
    return sorted(wanted - known)


def _labels(rows: Sequence[Row], task: Task) -> set[str]:
    if task == "tokens":
        return {span.label for row in rows for span in row.spans}
    return {row.label for row in rows if row.label is not None}
