"""Predictions and gold paired by ids; where their items differ, the message names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row

_SHOWN = 5


def pair_up(
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    *,
    by_id: bool = False,
    file: str | Path | None = None,
) -> list[Prediction]:
    """The predictions `predicted`, in the order of the rows `gold`; the ids pair them.

    `file` is that of the predictions, for the messages. Raises `UserError` for an empty set, for
    ids that are missing, unknown or repeated, and, unless `by_id`, for another order.
    """
    if not gold:
        raise UserError("the test set is empty: there is nothing to score", file=file)
    gold_ids = [row.id for row in gold]
    predicted_ids = [prediction.id for prediction in predicted]
    if gold_ids == predicted_ids and len(set(predicted_ids)) == len(predicted_ids):
        return list(predicted)
    problems = [
        text
        for text in (
            _listed("twice in the predictions", _repeated(predicted_ids)),
            _listed("twice in the gold", _repeated(gold_ids)),
            _listed("in the gold but not predicted", _without(gold_ids, predicted_ids)),
            _listed("predicted but not in the gold", _without(predicted_ids, gold_ids)),
        )
        if text
    ]
    if problems:
        raise UserError(
            f"{len(predicted_ids)} predictions for {len(gold_ids)} gold rows: "
            f"{'; '.join(problems)}",
            file=file,
        )
    if not by_id:
        pairs = zip(gold_ids, predicted_ids, strict=True)
        at = next(i for i, (gold_id, predicted_id) in enumerate(pairs) if gold_id != predicted_id)
        raise UserError(
            f"the predictions are in another order than the gold: here {predicted_ids[at]!r}, "
            f"there {gold_ids[at]!r}; use --by-id to pair them by id",
            file=file,
            row=at + 1,
        )
    by_ids = {prediction.id: prediction for prediction in predicted}
    return [by_ids[id_] for id_ in gold_ids]


def _repeated(ids: Sequence[str]) -> list[str]:
    return [id_ for id_, count in Counter(ids).items() if count > 1]


def _without(ids: Iterable[str], others: Iterable[str]) -> list[str]:
    excluded = set(others)
    return [id_ for id_ in dict.fromkeys(ids) if id_ not in excluded]


def _listed(problem: str, ids: Sequence[str]) -> str:
    if not ids:
        return ""
    shown = ", ".join(map(repr, ids[:_SHOWN]))
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{len(ids)} {problem}: {shown}{more}"


def count_unknown_labels(
    gold: Iterable[str], predicted: Iterable[str], *, file: str | Path | None = None
) -> dict[str, int]:
    """Labels among `predicted` that `gold` never has, with how often each was predicted.

    Raises `UserError`, which names the `file` of the predictions, where no predicted label at all
    is one of the gold's: then the two use different label sets, and every score would be zero for
    the wrong reason.
    """
    gold_labels = set(gold)
    counts = Counter(predicted)
    if gold_labels and counts and not gold_labels & counts.keys():
        shown = ", ".join(sorted(counts)[:_SHOWN])
        raise UserError(
            f"none of the predicted labels ({shown}) is one of the gold's",
            file=file,
            choices=gold_labels,
        )
    return {label: count for label, count in sorted(counts.items()) if label not in gold_labels}
