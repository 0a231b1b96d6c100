"""The results of a comparison: numbers for machines, a table for people, charts to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from augmentation.compare.cells import read_cell
from augmentation.compare.context import CompareRun
from augmentation.compare.html import html_report
from augmentation.compare.plan import cells_of
from augmentation.compare.strategies import strategies_of
from augmentation.compare.training_sets import checked
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.storage import write_text
from scoring.measures import Measure
from scoring.significance import Comparison, compare_measures
from scoring.task import ScoreOptions, task_measures

RESULTS_FILE = "results.json"


REPORT_FILE = "report.html"


SHOWN = {
    "classification": ("accuracy", "macro_f1"),
    "pair": ("accuracy", "macro_f1"),
    "tokens": ("span_f1", "label_accuracy", "exact_rows"),
    "qa": ("f1", "exact_match"),
    "text": ("chrF++", "BLEU"),
}
"""The metrics of the table, the first being what strategies are judged by."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A metric over the runs (seeds) of a strategy, in percent."""

    mean: float
    deviation: float | None
    """Sample standard deviation; None for a single run."""
    values: tuple[float, ...]
    signature: str

    def __str__(self) -> str:
        spread = "" if self.deviation is None else f" ±{self.deviation:.2f}"
        return f"{self.mean:.2f}{spread}"


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """A strategy in one language with one trainer."""

    strategy: str
    scores: dict[str, Spread]
    comparisons: dict[str, Comparison]
    """Against the baseline, by metric; empty for the baseline itself."""
    training_rows: tuple[int, ...]
    seconds: dict[str, float]
    """Of one run, on average: translating, training, predicting."""
    flags: dict[str, int]
    """How many predictions of the first run bear a flag."""

    @property
    def total_seconds(self) -> float:
        """From nothing to predictions."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class LanguageResult:
    """All strategies in one language with one trainer, in the order of the configuration."""

    trainer: str
    lang: str
    items: int
    strategies: tuple[StrategyResult, ...]

    def best(self, metric: str) -> StrategyResult:
        """The strategy with the highest mean."""
        return max(self.strategies, key=lambda one: one.scores[metric].mean)


@dataclass(frozen=True, slots=True)
class CompareResults:
    """What `results.json` holds."""

    task: str
    source: str
    baseline: str
    metrics: tuple[str, ...]
    languages: tuple[LanguageResult, ...]
    source_scores: dict[str, Spread]
    """By trainer: the first metric on the source language's test set, where there is one."""
    check: dict[str, Any]

    @property
    def metric(self) -> str:
        """What strategies are judged by."""
        return self.metrics[0]


def collect(run: CompareRun) -> CompareResults:
    """Score every cell and test it against the baseline."""
    found: CompareResults = run.once("results", lambda: _collect(run))
    return found


def _collect(run: CompareRun) -> CompareResults:
    config = run.config
    languages = []
    source_scores = {}
    metrics: tuple[str, ...] = ()
    for trainer in config.trainers:
        for lang in run.langs:
            result = _language(run, trainer.title, lang)
            names = result.strategies[0].scores
            metrics = tuple(name for name in SHOWN[config.task] if name in names)
            languages.append(result)
        if config.source.test is not None:
            result = _language(run, trainer.title, config.source.lang)
            source_scores[trainer.title] = result.strategies[0].scores[metrics[0]]
    return CompareResults(
        config.task,
        config.source.lang,
        config.baseline,
        metrics,
        tuple(languages),
        source_scores,
        checked(run),
    )


def _language(run: CompareRun, trainer: str, lang: str) -> LanguageResult:
    gold = run.test_sets()[lang]
    cells = [c for c in cells_of(run) if c.trainer == trainer and c.lang == lang]
    read = {cell: read_cell(cell, run) for cell in cells}
    alphabet = {
        label
        for predictions, _ in read.values()
        for one in predictions
        for label in (one.label, *(s.label for s in one.spans), *one.unmapped)
        if label is not None
    }
    measured = {
        cell: _measures(run, gold, predictions, alphabet) for cell, (predictions, _) in read.items()
    }
    results = []
    base = [c for c in cells if c.subject == run.config.baseline]
    for strategy in strategies_of(run, trainer, lang):
        own = [c for c in cells if c.subject == strategy]
        results.append(
            _strategy(
                run,
                strategy,
                gold,
                [measured[c] for c in own],
                [measured[c] for c in base] if strategy != run.config.baseline else [],
                [read[c][1] for c in own],
            )
        )
    return LanguageResult(trainer, lang, len(gold), tuple(results))


def _measures(
    run: CompareRun, gold: Sequence[Row], predictions: Sequence[Prediction], alphabet: set[str]
) -> dict[str, Measure]:
    options = ScoreOptions(run.config.normalisation, run.config.tokenize)
    found = task_measures(
        run.config.task, gold, predictions, options, alphabet=alphabet, strangers=True
    )
    return {measure.name: measure for measure in found}


def _strategy(
    run: CompareRun,
    strategy: str,
    gold: Sequence[Row],
    own: Sequence[dict[str, Measure]],
    base: Sequence[dict[str, Measure]],
    facts: Sequence[dict[str, Any]],
) -> StrategyResult:
    scores = {}
    for name in own[0]:
        found = [measures[name].score() for measures in own]
        values = tuple(one.value for one in found)
        deviation = stdev(values) if len(values) > 1 else None
        scores[name] = Spread(fmean(values), deviation, values, found[0].signature)
    comparisons = {
        name: _test(run, [m[name] for m in base], [m[name] for m in own], gold)
        for name in SHOWN[run.config.task]
        if base and name in own[0]
    }
    kinds = {kind for one in facts for kind in one["seconds"]}
    return StrategyResult(
        strategy,
        scores,
        comparisons,
        tuple(facts[0]["training_rows"]),
        {kind: fmean(one["seconds"].get(kind, 0.0) for one in facts) for kind in sorted(kinds)},
        dict(facts[0].get("flags", {})),
    )


def _test(
    run: CompareRun, base: list[Measure], own: list[Measure], gold: Sequence[Row]
) -> Comparison:
    # A run that no seed changes stands for as many runs as there are of the other.
    count = max(len(base), len(own))
    groups = None
    if run.config.task == "qa":
        groups = [row.text for row in gold]  # questions on one paragraph are not independent
    return compare_measures(
        base if len(base) == count else base * count,
        own if len(own) == count else own * count,
        method=run.config.test,
        samples=run.config.samples,
        groups=groups,
    )


def write_results(run: CompareRun) -> CompareResults:
    """Write `results.json` and `report.html`."""
    run.forget("results")
    results = collect(run)
    values = asdict(results)
    write_text(run.run / RESULTS_FILE, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    write_text(run.run / REPORT_FILE, html_report(results, run.config.name))
    return results


def read_results(folder: Path) -> dict[str, Any]:
    """What `results.json` holds."""
    values: dict[str, Any] = json.loads((folder / RESULTS_FILE).read_text(encoding="utf-8"))
    return values
