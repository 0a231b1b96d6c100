"""The cells of a comparison scored and tested against the baseline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from augmentation.compare.cells import read_cell
from augmentation.compare.check import check_result
from augmentation.compare.config import Strategy
from augmentation.compare.context import CompareContext
from augmentation.compare.grid import Cell, cells_of
from augmentation.compare.html import html_report
from augmentation.compare.results import (
    CompareResults,
    LanguageResult,
    Spread,
    StrategyResult,
    shown_metrics,
)
from augmentation.compare.strategies import strategies_of
from corpora.labels import classes_of
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.storage import write_text
from scoring.measures import Measure
from scoring.significance import Comparison, compare_measures
from scoring.task import ScoreOptions, task_measures

RESULTS_FILE = "results.json"
REPORT_FILE = "report.html"

Measures = dict[str, Measure]
"""The measures of one cell by metric."""


def collect(context: CompareContext) -> CompareResults:
    """Score every cell of the comparison `context`, and test it against the baseline."""
    config = context.config
    languages = []
    source_scores = {}
    metrics: tuple[str, ...] = ()
    for trainer in config.trainers:
        for lang in context.langs:
            result = _language(context, trainer.title, lang)
            scores = result.strategies[0].scores
            metrics = shown_metrics(config.task, scores)
            languages.append(result)
        if config.source.test is not None:
            result = _language(context, trainer.title, config.source.lang)
            source_scores[trainer.title] = result.strategies[0].scores[metrics[0]]
    return CompareResults(
        config.task,
        config.source.lang,
        config.baseline,
        metrics,
        tuple(languages),
        source_scores,
        check_result(context),
    )


def _language(context: CompareContext, trainer: str, lang: str) -> LanguageResult:
    gold = context.test_sets()[lang]
    cells = [c for c in cells_of(context) if c.trainer == trainer and c.lang == lang]
    read = {cell: read_cell(cell, context) for cell in cells}
    alphabet = {
        label
        for predictions, _ in read.values()
        for prediction in predictions
        for label in (
            *classes_of(prediction),
            *(s.label for s in prediction.spans),
            *prediction.unmapped,
        )
    }
    measured = {
        cell: _measures(context, gold, predictions, alphabet)
        for cell, (predictions, _) in read.items()
    }
    baseline = [cell for cell in cells if cell.strategy == context.config.baseline]
    results = []
    for strategy in strategies_of(context.config, trainer, lang):
        seeds: list[Cell] = [cell for cell in cells if cell.strategy == strategy]
        results.append(
            _strategy(
                context,
                strategy,
                gold,
                [measured[cell] for cell in seeds],
                [measured[c] for c in baseline] if strategy != context.config.baseline else [],
                [read[cell][1] for cell in seeds],
            )
        )
    return LanguageResult(trainer, lang, len(gold), tuple(results))


def _measures(
    context: CompareContext,
    gold: Sequence[Row],
    predictions: Sequence[Prediction],
    alphabet: set[str],
) -> Measures:
    config = context.config
    options = ScoreOptions(config.normalisation, config.tokenize)
    measures = task_measures(
        config.task, gold, predictions, options, alphabet=alphabet, allow_unknown_labels=True
    )
    return {measure.name: measure for measure in measures}


def _strategy(
    context: CompareContext,
    strategy: Strategy,
    gold: Sequence[Row],
    measured: Sequence[Measures],
    baseline: Sequence[Measures],
    records: Sequence[dict[str, Any]],
) -> StrategyResult:
    """A strategy over its seeds; `records` are those of its cells."""
    scores = {}
    for metric in measured[0]:
        of_seeds = [measures[metric].score() for measures in measured]
        values = tuple(score.value for score in of_seeds)
        deviation = stdev(values) if len(values) > 1 else None
        scores[metric] = Spread(fmean(values), deviation, values, of_seeds[0].signature)
    comparisons = {
        metric: _compare_seeds(
            context, [m[metric] for m in baseline], [m[metric] for m in measured], gold
        )
        for metric in shown_metrics(context.config.task, measured[0])
        if baseline
    }
    kinds = sorted({kind for record in records for kind in record["seconds"]})
    seconds = {
        kind: fmean(record["seconds"].get(kind, 0.0) for record in records) for kind in kinds
    }
    first = records[0]
    return StrategyResult(
        strategy,
        scores,
        comparisons,
        tuple(first["training_rows"]),
        seconds,
        dict(first.get("flags", {})),
    )


def _compare_seeds(
    context: CompareContext,
    baseline: list[Measure],
    measured: list[Measure],
    gold: Sequence[Row],
) -> Comparison:
    # A cell that no seed changes is repeated for every seed of the other strategy.
    count = max(len(baseline), len(measured))
    groups = None
    if context.config.task == "qa":
        groups = [row.text for row in gold]  # questions on one paragraph are not independent
    return compare_measures(
        baseline if len(baseline) == count else baseline * count,
        measured if len(measured) == count else measured * count,
        method=context.config.test,
        samples=context.config.samples,
        groups=groups,
    )


def write_results(context: CompareContext) -> CompareResults:
    """Score the comparison `context`, and write `results.json` and `report.html`."""
    results = collect(context)
    values = asdict(results)
    write_text(context.run / RESULTS_FILE, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    write_text(context.run / REPORT_FILE, html_report(results, context.config.name))
    return results


def read_results(folder: Path) -> dict[str, Any]:
    """What `results.json` in the run folder `folder` holds."""
    values: dict[str, Any] = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    return values
