"""Few-shot examples, drawn class by class from labelled rows."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from augmentation.few_shot.config import FewShotConfig
from corpora.choices import Task
from corpora.errors import UserError
from corpora.labels import classes_of, label_kind
from corpora.records import Row


def sample_few(rows: Sequence[Row], task: Task, few: FewShotConfig, seed: int) -> list[Row]:
    """`few.per_class` of `rows` for each class, drawn by `seed`; all of a rarer class.

    The class of a row for `task` is its label, or each of its labels; where rows have none (names,
    answers), rows are drawn so that every label of spans is in `few.per_class` of them. Rows that
    share a source, or for questions the text, count once. Without any label, and of rows labelled
    with a number, `few.per_class` rows are drawn. Raises `UserError` where `few.classes` are more
    than there are.
    """
    rng = random.Random(seed)
    shuffled = list(rows)
    rng.shuffle(shuffled)
    shuffled = list({_group(row, task): row for row in reversed(shuffled)}.values())[::-1]
    by_class: defaultdict[str, list[Row]] = defaultdict(list)
    for row in shuffled:
        for name in _classes(row, task):
            by_class[name].append(row)
    names = sorted(by_class, key=lambda name: (-len(by_class[name]), name))
    if few.classes is not None:
        if few.classes > len(names):
            raise UserError(
                f"few-shot is to take {few.classes} classes, but there are {len(names)}",
                choices=names,
            )
        names = names[: few.classes]
    chosen: dict[str, Row] = {}
    counts: Counter[str] = Counter()
    for name in reversed(names):
        for row in by_class[name]:
            if counts[name] >= few.per_class:
                break
            if row.id not in chosen:
                chosen[row.id] = row
                counts.update(set(_classes(row, task)))
    return [row for row in rows if row.id in chosen]


def few_shortages(rows: Sequence[Row], task: Task, few: FewShotConfig) -> dict[str, int]:
    """How many of `rows` there are of each class (see `sample_few` for `task`) that has fewer than
    `few` is to take."""
    counts: Counter[str] = Counter()
    for row in {_group(row, task): row for row in rows}.values():
        counts.update(set(_classes(row, task)))
    names = sorted(counts, key=lambda name: (-counts[name], name))[: few.classes]
    return {name: counts[name] for name in names if counts[name] < few.per_class}


def _classes(row: Row, task: Task) -> list[str]:
    if task in ("text", "qa") or row.value is not None:
        return ["all"]
    if label_kind(row) is not None:
        return list(classes_of(row)) or [""]
    return sorted({span.label for span in row.spans})


def _group(row: Row, task: Task) -> str:
    if task == "qa":
        return row.text
    return row.id if row.provenance is None else row.provenance.source_id
