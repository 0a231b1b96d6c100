"""The HTML report of a comparison: tables and charts of the scores."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from augmentation.compare.results import CompareResults, LanguageResult, StrategyResult
from augmentation.compare.table import (
    SPREAD_HEADINGS,
    check_notes,
    score_cells,
    spread_over_languages,
    spread_title,
    winner,
)
from augmentation.reporting.charts import BarChart, Score, score_bars
from augmentation.reporting.notebook import Section, notebook_html
from augmentation.reporting.page import render
from augmentation.reporting.tables import Column, Kind, Table


@dataclass(frozen=True, slots=True)
class LanguageView:
    """What the page shows of one trainer in one language."""

    heading: str
    summary: str
    chart: BarChart
    table: Table


@dataclass(frozen=True, slots=True)
class CompareView:
    """What the page shows."""

    title: str
    heading: str
    subtitle: str
    baseline: str
    languages: tuple[LanguageView, ...]
    spread: Table | None
    notes: tuple[str, ...]
    signatures: tuple[str, ...]


def html_report(results: CompareResults, name: str) -> str:
    """One self-contained page that shows `results` of the comparison called `name`.

    It has a chart and a table for every trainer and language.
    """
    return render("compare.html.j2", compare_view(results, name))


def tables_html(results: CompareResults) -> str:
    """The tables of `results` without charts, as notebooks show them."""
    languages = [_language(result, results) for result in results.languages]
    return notebook_html(
        *(Section(f"{view.heading}: {view.summary}", view.table) for view in languages)
    )


def compare_view(results: CompareResults, name: str) -> CompareView:
    """What the page of `results`, of the comparison called `name`, shows."""
    return CompareView(
        title=f"{name}: strategies",
        heading=name,
        subtitle=f"{results.task}, by {results.metric}; bars are means over seeds, whiskers their "
        "standard deviation",
        baseline=results.baseline,
        languages=tuple(_language(result, results) for result in results.languages),
        spread=_spread(results),
        notes=tuple(check_notes(results)),
        signatures=tuple(_signatures(results)),
    )


def _language(result: LanguageResult, results: CompareResults) -> LanguageView:
    heading = f"{result.trainer}: {results.source} to {result.lang}"
    return LanguageView(
        heading=heading,
        summary=f"{result.items} test rows. {winner(result, results)}",
        chart=_chart(result, results),
        table=_table(result, results),
    )


def _chart(result: LanguageResult, results: CompareResults) -> BarChart:
    scores = []
    for strategy in result.strategies:
        score = strategy.scores[results.metric]
        scores.append(Score(strategy.strategy, str(score), score.mean, score.deviation))
    best = result.best(results.metric).strategy
    title = f"{results.metric} of each strategy, in percent"
    return score_bars(title, scores, best=best, baseline=results.baseline)


def _table(result: LanguageResult, results: CompareResults) -> Table:
    numbers = [
        *results.metrics, f"Δ {results.baseline}", "p", "training rows",
        "translate s", "train s", "predict s",
    ]  # fmt: skip
    columns = (
        Column("strategy", "name"),
        *(Column(heading) for heading in numbers),
        Column("flags", "words"),
    )
    rows = tuple(_row(strategy, results) for strategy in result.strategies)
    return Table("Scores, and seconds of one run", columns, rows)


def _row(strategy: StrategyResult, results: CompareResults) -> tuple[str, ...]:
    seconds = (f"{strategy.seconds.get(k, 0):.1f}" for k in ("translate", "train", "predict"))
    kinds: Counter[str] = Counter()
    for flag, count in strategy.flags.items():
        kinds[flag.partition(":")[0]] += count  # of every label together: the cell stays small
    flags = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return (*score_cells(strategy, results), *seconds, flags)


def _spread(results: CompareResults) -> Table | None:
    spreads = spread_over_languages(results)
    if not spreads:
        return None
    kinds: tuple[Kind, ...] = ("name", "name", "number", "number", "words", "number")
    columns = tuple(
        Column(heading, kind) for heading, kind in zip(SPREAD_HEADINGS, kinds, strict=True)
    )
    return Table(spread_title(results), columns, tuple(spread.cells() for spread in spreads))


def _signatures(results: CompareResults) -> list[str]:
    """Every signature once, in order."""
    signatures: dict[str, None] = {}
    for result in results.languages:
        for strategy in result.strategies:
            signatures |= {strategy.scores[name].signature: None for name in results.metrics}
            signatures |= {test.signature: None for test in strategy.comparisons.values()}
    return list(signatures)
