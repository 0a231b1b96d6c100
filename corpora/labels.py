"""What rows are labelled with: one class, several classes at once, or a number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from corpora.choices import LABEL_KINDS, LabelKind
from corpora.errors import UserError

_IN_WORDS: dict[LabelKind, str] = {
    "label": "one class",
    "labels": "a list of classes",
    "value": "a number",
}


class Labelled(Protocol):
    """A row or a prediction."""

    @property
    def id(self) -> str:
        """Of the row."""
        ...

    @property
    def label(self) -> str | None:
        """One class."""
        ...

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Any number of classes."""
        ...

    @property
    def value(self) -> float | None:
        """A number."""
        ...


def label_kind(item: Labelled) -> LabelKind | None:
    """The field that `item` is labelled in; None where it has no label."""
    for kind in LABEL_KINDS:
        if getattr(item, kind) is not None:
            return kind
    return None


def first_kind(items: Iterable[Labelled]) -> LabelKind | None:
    """The kind of label of the first of `items` that has one; None where none has."""
    return next((kind for item in items if (kind := label_kind(item)) is not None), None)


def common_kind(rows: Iterable[Labelled], problem: str) -> LabelKind:
    """The one kind of label that all `rows` have; `label` where there are no rows.

    Raises `UserError` that names the row: `problem` for one without a label, and where one has
    another kind of label than those before it.
    """
    common: LabelKind | None = None
    for row in rows:
        kind = label_kind(row)
        if kind is None:
            raise UserError(problem, row=row.id)
        if common is not None and kind != common:
            raise UserError(
                f"labelled with {_IN_WORDS[kind]}, the rows before it with {_IN_WORDS[common]}",
                row=row.id,
            )
        common = kind
    return common or "label"


def classes_of(item: Labelled) -> tuple[str, ...]:
    """The classes of `item`: its label or its labels; none where it has neither."""
    if item.labels is not None:
        return item.labels
    return () if item.label is None else (item.label,)


def shown_label(item: Labelled) -> str:
    """The label of `item` for people to read, empty where it has none."""
    if item.value is not None:
        return f"{item.value:g}"
    return item.label or ", ".join(item.labels or ())
