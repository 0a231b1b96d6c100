"""What a column of labels has: a class in each row, several classes, or a number.

The type of its values decides: lists are several classes, and numbers with a fraction are numbers.
Whole numbers are classes, and so is text; text that looks like numbers with a fraction may be
either, and must be named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from corpora.choices import LabelKind
from corpora.errors import UserError
from corpora.readers.options import ReadOptions
from corpora.readers.values import ValueProblem, read_number, short


def kind_of_values(values: Sequence[Any], options: ReadOptions) -> LabelKind:
    """What the `values` of a column of labels are, by their types and the reader's `options`."""
    if could_be("labels", "labels", values, options):
        return "labels"
    numbers = [value for value in values if type(value) in (int, float)]
    return "value" if len(numbers) == len(values) and any(map(_has_fraction, numbers)) else "label"


def could_be(kind: str, name: str, values: Sequence[Any], options: ReadOptions) -> bool:
    """Whether the column called `name` with these `values` may have labels of a `kind`.

    With a `label_separator` in the reader's `options`, text is several classes. The kinds are
    `labels` and `value`; whole numbers are such only in a column called `value`.
    """
    if not values:
        return False
    if kind == "labels":
        if has_lists(values):
            return all(isinstance(value, str) or _is_list(value) for value in values)
        if options.label_separator is not None:
            return all(isinstance(value, str) for value in values)
        return all(
            isinstance(value, str) and (value == "[]" or value.startswith('["')) for value in values
        )
    numbers = [_number(value) for value in values]
    if not all(number is not None for number in numbers):
        return False
    text = any(isinstance(value, str) for value in values)
    if name == "label" and text:
        return False
    return name == "value" or any(_has_fraction(number) for number in numbers if number is not None)


def has_lists(values: Sequence[Any]) -> bool:
    """Whether some of the `values` are lists, so that each text among them is one class."""
    return any(isinstance(value, list) for value in values)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str | int) for item in value)


def _number(value: Any) -> float | None:
    if type(value) in (int, float):
        return value  # type: ignore[no-any-return]
    with suppress(ValueProblem):
        return read_number(value, "value") if isinstance(value, str) else None
    return None


def _has_fraction(number: float) -> bool:
    return number % 1 != 0  # also of what is not finite


def check_labels(
    columns: Mapping[str, str],
    records: Sequence[Mapping[str, Any]],
    options: ReadOptions,
    file: Path,
) -> None:
    """Raise `UserError` where it cannot be told what the column of labels is.

    That is text which is a number with a fraction in every one of the first `records` of `file`,
    unless the `columns` in use were named in `options`.
    """
    column = columns.get("label")
    if column is None or options.columns.label is not None or options.gold is not None:
        return
    values = [record[column] for record in records if record.get(column) not in (None, "")]
    if not values or not all(isinstance(value, str) for value in values):
        return
    numbers = [_number(value) for value in values]
    if all(number is not None for number in numbers):
        for value, number in zip(values, numbers, strict=True):
            if number is not None and _has_fraction(number):
                raise UserError(
                    f"the column {column!r} has numbers with a fraction, such as {short(value)}: "
                    f"say whether they are numbers (--columns value={column}) or names of classes "
                    f"(--columns label={column})",
                    file=file,
                )


def are_whole_numbers(
    columns: Mapping[str, str], records: Sequence[Mapping[str, Any]], options: ReadOptions
) -> bool:
    """Whether the labels of the first `records` are numbers, which were taken for classes.

    One with a fraction that comes later shows that this was wrong. `columns` are those in use;
    where `options` name that of the label, it has classes in any case.
    """
    column = columns.get("label")
    if column is None or options.columns.label is not None:
        return False
    values = [record[column] for record in records if record.get(column) not in (None, "")]
    return bool(values) and all(type(value) in (int, float) for value in values)
