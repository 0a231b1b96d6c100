"""Checks before anything is trained: labels fit, train and test share no source row and no text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from augmentation.compare.context import CHECK, CompareContext
from augmentation.compare.labels import check_labels
from augmentation.compare.leakage import Leak, check_groups, find_leaks
from augmentation.compare.training_sets import base_parts, roots_of
from augmentation.few_shot.sampling import few_shortages
from augmentation.pipeline.artifacts import read_record
from augmentation.pipeline.shards import rows_dropped
from corpora.checked_json import write_checked
from corpora.errors import UserError


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was checked of a comparison's data, as `30-check.json` and `results.json` hold it."""

    leaks: dict[str, int] = field(default_factory=dict)
    """How many training rows are test texts, by where they are."""
    examples: list[dict[str, str]] = field(default_factory=list)
    """Some of these."""
    dropped: list[str] = field(default_factory=list)
    """Ids of the source rows that are left out of all training sets because of them."""
    few_dropped: dict[str, list[str]] = field(default_factory=dict)
    """By language, ids of the few-shot rows that are left out."""
    few_shortages: dict[str, dict[str, int]] = field(default_factory=dict)
    """By language and class, how many few-shot rows there are where they are too few."""
    bad_rows: dict[str, int] = field(default_factory=dict)
    """How many bad rows were left out when a corpus was read."""
    labels_never_trained: dict[str, list[str]] = field(default_factory=dict)
    """By language, the labels of the test set that training lacks."""

    def as_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def check(context: CompareContext) -> None:
    """Check the data of the comparison `context`, and record the result.

    Raises `UserError` for leaks, or with `leakage: drop` leaves them out: the source row with all
    rows made from it, in all training sets alike, so that strategies stay comparable.
    """
    config = context.config
    parts = base_parts(context)
    source_rows = context.rows("source-train")
    tests = context.test_sets()
    named = {f"the {lang} test set": rows for lang, rows in tests.items()}
    unknown = {
        lang: check_labels(config.task, source_rows, rows, f"in {lang}")
        for lang, rows in tests.items()
    }
    for part, rows in parts.items():
        check_groups(named, rows, part.lang if part.kind == "few" else config.source.lang)
        if not rows:
            raise UserError(f"the training set {part.name} is empty")
    leaks = find_leaks(named, parts, roots_of(parts), config.task)
    if leaks and config.leakage == "stop":
        raise _leakage_error(leaks)
    few = [part for part in parts if part.kind == "few"]
    shortages = {
        part.lang: few_shortages(parts[part], config.task, config.few_shot) for part in few
    }
    bad_rows = {name: rows_dropped(context.data_ref(name)) for name in context.corpora()}
    result = CheckResult(
        leaks=dict(Counter(f"{leak.test}: {leak.where}" for leak in leaks)),
        examples=[leak.as_json() for leak in leaks[:20]],
        dropped=sorted({leak.root for leak in leaks if leak.part.kind != "few"}),
        few_dropped={
            part.lang: sorted({leak.train_id for leak in leaks if leak.part == part})
            for part in few
        },
        few_shortages=shortages,
        bad_rows={name: count for name, count in bad_rows.items() if count},
        labels_never_trained={lang: labels for lang, labels in unknown.items() if labels},
    )
    write_checked(context.run / CHECK, result.as_json())
    context.cache.drop("check")


def _leakage_error(leaks: Sequence[Leak]) -> UserError:
    shown = "; ".join(
        f"{leak.test_id!r} of {leak.test} is the {leak.where} ({leak.train_id!r}: "
        f"{leak.text[:60]!r})"
        for leak in leaks[:5]
    )
    return UserError(
        f"{len(leaks)} test texts are among the training texts: {shown}. Take them out, or say "
        "`leakage: drop` to leave these training rows out"
    )


def check_result(context: CompareContext) -> CheckResult:
    """What `check` recorded for the comparison `context`."""
    return context.cache.get("check", lambda: CheckResult(**read_record(context.run / CHECK)))
