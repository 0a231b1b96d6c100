"""Predictions tested against a baseline's, in all measures of a task."""

from __future__ import annotations

from collections.abc import Sequence

from corpora.choices import Task
from corpora.labels import classes_of
from corpora.predictions import Prediction
from corpora.records import Row
from scoring.significance import Comparison, SignificanceOptions, compare_measures
from scoring.task import ScoreOptions, task_measures
from scoring.translation import compare_translations


def compare_with_baseline(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    baseline: Sequence[Prediction],
    options: ScoreOptions,
    significance: SignificanceOptions,
) -> list[Comparison]:
    """`predicted` against `baseline` in every measure of `task`, tested as `significance` says.

    Both are predictions for the rows `gold` in their order, scored with `options`. Texts are
    tested by sacreBLEU (see `compare_translations`), all else by `compare_measures`; answers to
    questions on one context are drawn together. Raises `UserError` as `task_measures` does.
    """
    if task == "text":
        return compare_translations(
            [prediction.target or "" for prediction in baseline],
            [prediction.target or "" for prediction in predicted],
            [row.target or "" for row in gold],
            gold[0].lang,
            method=significance.method,
            samples=significance.samples,
            tokenize=options.tokenize,
        )
    alphabet = {
        label
        for prediction in (*predicted, *baseline)
        for label in (*classes_of(prediction), *(span.label for span in prediction.spans))
    }
    groups = None
    if task == "qa" and len({row.text for row in gold}) < len(gold):
        groups = [row.text for row in gold]  # questions on one paragraph are not independent
    before = task_measures(task, gold, baseline, options, alphabet=alphabet)
    after = task_measures(task, gold, predicted, options, alphabet=alphabet)
    return [
        compare_measures(
            [old],
            [new],
            method=significance.method,
            samples=significance.samples,
            seed=significance.seed,
            groups=groups,
        )
        for old, new in zip(before, after, strict=True)
    ]
