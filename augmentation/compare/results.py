"""The results of a comparison, as `results.json` holds them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from augmentation.compare.check import CheckResult
from corpora.choices import Task
from scoring.significance import Comparison

_OF_LABELS = ("accuracy", "macro_f1")
_OTHER_LABELS = ("micro_f1", "macro_f1", "subset_accuracy", "pearson", "spearman")
"""Of rows with several labels, and of those with a number."""
_SHOWN: dict[Task, tuple[str, ...]] = {
    "classification": _OF_LABELS,
    "pair": _OF_LABELS,
    "tokens": ("span_f1", "label_accuracy", "exact_rows"),
    "qa": ("f1", "exact_match"),
    "text": ("chrF++", "BLEU"),
}


def shown_metrics(task: Task, scores: Collection[str]) -> tuple[str, ...]:
    """Which of the metrics `scores` of `task` are in the table; the first decides which strategy
    is best."""
    shown = _SHOWN[task]
    if shown == _OF_LABELS and "accuracy" not in scores:
        shown = _OTHER_LABELS
    return tuple(name for name in shown if name in scores)


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
    """Of one run, on average, for translating, training and predicting."""
    flags: dict[str, int]
    """How many predictions of the first run have a flag."""

    @property
    def total_seconds(self) -> float:
        """From the start to the predictions."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class LanguageResult:
    """All strategies in one language with one trainer, in the order of the configuration."""

    trainer: str
    lang: str
    items: int
    strategies: tuple[StrategyResult, ...]

    def best(self, metric: str) -> StrategyResult:
        """The strategy with the highest mean of `metric`."""
        return max(self.strategies, key=lambda strategy: strategy.scores[metric].mean)


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
    check: CheckResult

    @property
    def metric(self) -> str:
        """The metric that decides which strategy is best."""
        return self.metrics[0]
