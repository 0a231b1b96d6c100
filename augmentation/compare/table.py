"""The scores as a table for the terminal, with texts and rows that the HTML report shows too."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from tabulate import tabulate

from augmentation.compare.results import CompareResults, LanguageResult, Spread, StrategyResult
from corpora.text.shortened import listed


@dataclass(frozen=True, slots=True)
class LanguageSpread:
    """A strategy with one trainer, over several languages, by the metric that decides which
    strategy is best."""

    trainer: str
    strategy: str
    mean: float
    gap: float | None
    """The mean less the score in the source language; None where that was not measured."""
    worst: str
    """The language with the lowest score."""
    spread: float
    """The highest score less the lowest."""

    def cells(self) -> tuple[str, ...]:
        """The fields as texts, in order."""
        gap = "" if self.gap is None else f"{self.gap:+.2f}"
        mean, spread = f"{self.mean:.2f}", f"{self.spread:.2f}"
        return self.trainer, self.strategy, mean, gap, self.worst, spread


SPREAD_HEADINGS = ("trainer", "strategy", "mean", "gap to source", "worst", "spread")
"""What the cells of a `LanguageSpread` are called."""


def table(results: CompareResults) -> str:
    """The strategies of every trainer and language of `results`, with their cost and the winner."""
    parts = []
    for result in results.languages:
        headers = ["strategy", *results.metrics, f"Δ {results.baseline}", "p", "train rows", "s"]
        rows = [
            [*score_cells(strategy, results), f"{strategy.total_seconds:.0f}"]
            for strategy in result.strategies
        ]
        title = f"{result.trainer}, {results.source} to {result.lang}, {result.items} test rows"
        lines = tabulate(
            rows,
            headers=headers,
            colalign=("left", *("right" for _ in headers[1:])),
            disable_numparse=True,
        )
        parts.append(f"{title}\n{lines}\n{winner(result, results)}")
    parts += [part for part in (_spread_table(results), *check_notes(results)) if part]
    return "\n\n".join(parts)


def score_cells(strategy: StrategyResult, results: CompareResults) -> list[str]:
    """A row of `strategy`: its name, each metric of `results`, the difference from the baseline,
    the p-value and the number of training rows."""
    test = strategy.comparisons.get(results.metric)
    return [
        strategy.strategy,
        *(str(strategy.scores[name]) for name in results.metrics),
        "" if test is None else f"{test.difference:+.2f}",
        "" if test is None else f"{test.p_value:.3f}",
        "+".join(map(str, strategy.training_rows)),
    ]


def winner(result: LanguageResult, results: CompareResults) -> str:
    """Which strategy wins in the language of `result`, one of `results`, by how much, and whether
    the difference is significant."""
    best = result.best(results.metric)
    test = best.comparisons.get(results.metric)
    if all(strategy.strategy != results.baseline for strategy in result.strategies):
        score = best.scores[results.metric]
        return f"{best.strategy} is best with {results.metric} {score}; nothing to test against."
    if test is None or test.difference <= 0:
        return f"No strategy beats {results.baseline}."
    significance = "significant" if test.p_value < 0.05 else "not significant"
    return (
        f"{best.strategy} wins with {results.metric} {best.scores[results.metric]}: "
        f"{test.difference:+.2f} over {results.baseline}, {significance} (p = {test.p_value:.3f})."
    )


def spread_over_languages(results: CompareResults) -> list[LanguageSpread]:
    """The trainers and strategies of `results` over languages.

    A trainer with one target language is left out unless it was scored in the source language too.
    """
    spreads = []
    for trainer in dict.fromkeys(result.trainer for result in results.languages):
        languages = [result for result in results.languages if result.trainer == trainer]
        source = results.source_scores.get(trainer)
        if len(languages) > 1 or source is not None:
            spreads += _spreads_of_trainer(languages, source, results.metric)
    return spreads


def _spreads_of_trainer(
    languages: list[LanguageResult], source: Spread | None, metric: str
) -> list[LanguageSpread]:
    spreads = []
    for number, strategy in enumerate(languages[0].strategies):
        means = {result.lang: result.strategies[number].scores[metric].mean for result in languages}
        mean = fmean(means.values())
        spreads.append(
            LanguageSpread(
                trainer=languages[0].trainer,
                strategy=strategy.strategy,
                mean=mean,
                gap=None if source is None else mean - source.mean,
                worst=min(means, key=lambda lang: means[lang]),
                spread=max(means.values()) - min(means.values()),
            )
        )
    return spreads


def spread_title(results: CompareResults) -> str:
    """What the spreads of `results` measure, and the scores in the source language."""
    source = ", ".join(
        f"{trainer} {results.source} {score}" for trainer, score in results.source_scores.items()
    )
    return f"Over languages ({results.metric}; source: {source or 'not measured'})"


def _spread_table(results: CompareResults) -> str:
    spreads = spread_over_languages(results)
    if not spreads:
        return ""
    body = tabulate(
        [spread.cells() for spread in spreads],
        headers=SPREAD_HEADINGS,
        colalign=("left", "left", "right", "right", "left", "right"),
        disable_numparse=True,
    )
    return f"{spread_title(results)}\n{body}"


def check_notes(results: CompareResults) -> list[str]:
    """Sentences on what the data check of `results` left out or missed."""
    check = results.check
    notes = []
    if check.leaks:
        few = sum(map(len, check.few_dropped.values()))
        notes.append(
            f"{len(check.dropped)} source rows"
            f"{f' and {few} few-shot rows' if few else ''} were left out of all training sets: "
            "they, or what was made of them, are test texts "
            f"({'; '.join(f'{count} {where}' for where, count in check.leaks.items())})."
        )
    for name, count in check.bad_rows.items():
        notes.append(f"{count} bad rows of {name} were left out.")
    for lang, classes in check.few_shortages.items():
        if classes:
            shown = listed([f"{label} {count}" for label, count in classes.items()])
            notes.append(
                f"Classes of which there are fewer few-shot examples in {lang} than configured: "
                f"{shown}."
            )
    for lang, labels in check.labels_never_trained.items():
        notes.append(f"Labels of the {lang} test set that training never has: {listed(labels)}.")
    return notes
