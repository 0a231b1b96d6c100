"""Scores for people: plain tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from scoring.protocol import Score
from scoring.significance import Comparison
from scoring.task import LanguageTable


def _table(rows: Sequence[Sequence[Any]], headers: Sequence[str], colalign: Sequence[str]) -> str:
    return str(tabulate(rows, headers, colalign=colalign, disable_numparse=True))


def score_table(scores: Sequence[Score]) -> str:
    """Metric, value and signature, a line a score."""
    return _table(
        [[score.name, f"{score.value:.2f}", score.signature] for score in scores],
        headers=["metric", "%", "signature"],
        colalign=("left", "right", "left"),
    )


def by_label_table(by_label: Mapping[str, Mapping[str, Any]]) -> str:
    """Precision, recall, F1 and number of gold items of every label, the most frequent first."""
    ordered = sorted(by_label.items(), key=lambda item: (-item[1]["support"], item[0]))
    return _table(
        [
            [label, *(f"{one[key]:.2f}" for key in ("precision", "recall", "f1")), one["support"]]
            for label, one in ordered
        ],
        headers=["label", "precision", "recall", "F1", "gold"],
        colalign=("left", "right", "right", "right", "right"),
    )


def languages_table(table: LanguageTable) -> str:
    """The first metric by language, with the gap to the source language; then the summary."""
    lines = _table(
        [
            [
                one.lang + (" (source)" if one.lang == table.source else ""),
                one.items,
                f"{one.scores[0].value:.2f}",
                "" if one.gap is None else f"{one.gap:+.2f}",
            ]
            for one in table.languages
        ],
        headers=["language", "items", table.metric, "gap to source"],
        colalign=("left", "right", "right", "right"),
    )
    return (
        f"{lines}\nmean {table.mean:.2f}, worst {table.worst}, spread {table.spread:.2f}, "
        f"standard deviation {table.deviation:.2f}"
    )


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Baseline, system, difference and p, a line a metric."""
    return _table(
        [
            [
                one.name,
                f"{one.baseline:.2f}",
                f"{one.value:.2f}",
                f"{one.difference:+.2f}",
                "" if one.interval is None else f"{one.interval[0]:+.2f} to {one.interval[1]:+.2f}",
                f"{one.p_value:.4f}",
                one.signature,
            ]
            for one in comparisons
        ],
        headers=["metric", "baseline", "system", "difference", "95 %", "p", "signature"],
        colalign=("left", "right", "right", "right", "right", "right", "left"),
    )
