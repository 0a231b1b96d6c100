"""Predictions and gold must be about the same items; where they are not, the message says which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from corpora.errors import UserError
from corpora.records import Row, Span


class Predicted(Protocol):
    """What scoring needs of a prediction; `trainers.protocol.Prediction` has it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str | None: ...  # noqa: D102
    @property
    def spans(self) -> tuple[Span, ...]: ...  # noqa: D102
    @property
    def target(self) -> str | None: ...  # noqa: D102
    @property
    def unmapped(self) -> tuple[str, ...]: ...  # noqa: D102


P = TypeVar("P", bound=Predicted)
_SHOWN = 5


def pair_up(
    gold: Sequence[Row],
    predicted: Sequence[P],
    *,
    by_id: bool = False,
    file: str | Path | None = None,
) -> list[P]:
    """The predictions in the order of `gold`.

    Raises `UserError` for an empty set, for ids that are missing, unknown or there twice, and,
    unless `by_id`, for another order.
    """
    if not gold:
        raise UserError("the test set is empty: there is nothing to score", file=file)
    wanted = [row.id for row in gold]
    given = [one.id for one in predicted]
    if wanted == given and len(set(given)) == len(given):
        return list(predicted)
    problems = [
        text
        for text in (
            _listed("twice in the predictions", _repeated(given)),
            _listed("twice in the gold", _repeated(wanted)),
            _listed("in the gold but not predicted", _without(wanted, given)),
            _listed("predicted but not in the gold", _without(given, wanted)),
        )
        if text
    ]
    if problems:
        raise UserError(
            f"{len(given)} predictions for {len(wanted)} gold rows: {'; '.join(problems)}",
            file=file,
        )
    if not by_id:
        at = next(i for i, (a, b) in enumerate(zip(wanted, given, strict=True)) if a != b)
        raise UserError(
            f"the predictions are in another order than the gold: here {given[at]!r}, there "
            f"{wanted[at]!r}; say --by-id to pair them by id",
            file=file,
            row=at + 1,
        )
    found = {one.id: one for one in predicted}
    return [found[one] for one in wanted]


def _repeated(ids: Sequence[str]) -> list[str]:
    return [one for one, count in Counter(ids).items() if count > 1]


def _without(ids: Iterable[str], others: Iterable[str]) -> list[str]:
    known = set(others)
    return [one for one in dict.fromkeys(ids) if one not in known]


def _listed(what: str, ids: Sequence[str]) -> str:
    if not ids:
        return ""
    shown = ", ".join(map(repr, ids[:_SHOWN]))
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{len(ids)} {what}: {shown}{more}"


def foreign_labels(
    gold: Iterable[str], predicted: Iterable[str], *, file: str | Path | None = None
) -> dict[str, int]:
    """Predicted labels that the gold never has, and how often.

    Raises `UserError` where no predicted label at all is one of the gold's: then the two are not
    about the same labels, and every score would be zero for the wrong reason.
    """
    known = set(gold)
    counts = Counter(predicted)
    if known and counts and not known & counts.keys():
        shown = ", ".join(sorted(counts)[:_SHOWN])
        raise UserError(
            f"none of the predicted labels ({shown}) is one of the gold's", file=file, choices=known
        )
    return {label: count for label, count in sorted(counts.items()) if label not in known}
