"""Scores for people: tables as plain text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tabulate import tabulate

from corpora.text.shortened import shortened
from corpora.text.visible import visible
from scoring.numbers import NOT_PERCENT
from scoring.protocol import Score
from scoring.significance import Comparison
from scoring.task import LanguageTable

_SHOWN_LABELS = 100
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under `headers`; `sides` is how each column is aligned."""

    headers: tuple[str, ...]
    sides: tuple[Side, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __str__(self) -> str:
        return self._render("simple")

    def _repr_html_(self) -> str:
        return self._render("html")

    def _render(self, format: str) -> str:
        rows = [[visible(c) if isinstance(c, str) else c for c in row] for row in self.rows]
        return str(
            tabulate(
                rows, self.headers, tablefmt=format, colalign=self.sides, disable_numparse=True
            )
        )


def score_table(scores: Sequence[Score]) -> Table:
    """Metric, value and signature of `scores`, one per line."""
    return Table(
        ("metric", "%", "signature"),
        ("left", "right", "left"),
        tuple(
            (score.name, shown_value(score.name, score.value), score.signature) for score in scores
        ),
    )


def shown_value(metric: str, value: float, sign: Literal["", "+"] = "") -> str:
    """The `value` of `metric` in percent, of an error as a number; with `sign` "+", with a sign."""
    return f"{value:{sign}.4g} (not %)" if metric in NOT_PERCENT else f"{value:{sign}.2f}"


def by_label_table(by_label: Mapping[str, Mapping[str, Any]]) -> Table:
    """Precision, recall, F1 and number of gold items of the most frequent labels.

    The last line says how many more labels there are, and the number of their gold items.

    `by_label` is in the details of scores (see `precision_recall_f1`).
    """
    ordered = sorted(by_label.items(), key=lambda item: (-item[1]["support"], item[0]))
    names = ("precision", "recall", "f1")
    rest = ordered[_SHOWN_LABELS:]
    more = sum(values["support"] for _, values in rest)
    last = ((f"({len(rest):,} more labels)", "", "", "", more),) if rest else ()
    return Table(
        ("label", "precision", "recall", "F1", "gold"),
        ("left", "right", "right", "right", "right"),
        tuple(
            (shortened(label, 100), *(f"{values[name]:.2f}" for name in names), values["support"])
            for label, values in ordered[:_SHOWN_LABELS]
        )
        + last,
    )


def languages_table(table: LanguageTable) -> Table:
    """The first metric of `table` by language, with the gap to the source language."""
    return Table(
        ("language", "items", table.metric, "gap to source"),
        ("left", "right", "right", "right"),
        tuple(
            (
                language.lang + (" (source)" if language.lang == table.source else ""),
                language.items,
                f"{language.scores[0].value:.2f}",
                "" if language.gap is None else f"{language.gap:+.2f}",
            )
            for language in table.languages
        ),
    )


def languages_summary(table: LanguageTable) -> str:
    """The mean of `table` over the languages, the worst one, spread and deviation, in a line."""
    return (
        f"mean {table.mean:.2f}, worst {table.worst}, spread {table.spread:.2f}, "
        f"standard deviation {table.deviation:.2f}"
    )


def comparison_table(comparisons: Sequence[Comparison]) -> Table:
    """Baseline, system, difference and p of `comparisons`, one metric per line."""
    return Table(
        ("metric", "baseline", "system", "difference", "95 %", "p", "signature"),
        ("left", "right", "right", "right", "right", "right", "left"),
        tuple(
            (
                comparison.name,
                shown_value(comparison.name, comparison.baseline),
                shown_value(comparison.name, comparison.value),
                shown_value(comparison.name, comparison.difference, "+"),
                ""
                if comparison.interval is None
                else " to ".join(
                    shown_value(comparison.name, end, "+") for end in comparison.interval
                ),
                f"{comparison.p_value:.4f}",
                comparison.signature,
            )
            for comparison in comparisons
        ),
    )
