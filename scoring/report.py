"""Predictions scored against gold: `score`, and the report that it returns."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import compress
from typing import Any

from corpora.choices import TASKS, Task
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.text.languages import normalise_tag
from corpora.text.shortened import SHOWN_NAMES, shortened
from scoring.baseline import compare_with_baseline
from scoring.files import FileOptions
from scoring.inputs import GoldInput, PredictionInput, load_gold, load_predictions
from scoring.measures import Measure
from scoring.protocol import Score
from scoring.significance import Comparison, SignificanceOptions, confidence_interval
from scoring.tables import (
    Table,
    by_label_table,
    comparison_table,
    languages_summary,
    languages_table,
    score_table,
)
from scoring.task import LanguageTable, ScoreOptions, language_table, task_measures, unknown_labels
from scoring.translation import comet_measure


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """The scores of one set of predictions; as text, JSON, and a table in notebooks."""

    task: Task
    items: int
    languages: LanguageTable
    """The scores of each language, and their spread."""
    scores: tuple[Score, ...]
    """Over all items; for text in several languages COMET's alone, the only comparable one."""
    confidence_interval: tuple[float, float] | None
    """The 95 % bootstrap interval of the first score, in percent, where it was requested."""
    comparisons: tuple[Comparison, ...]
    """Against the baseline, one for each score, where there was a baseline."""
    unknown_labels: Mapping[str, int]
    """Labels that were predicted and that the gold never has, with how often."""

    @property
    def warnings(self) -> list[str]:
        """What the reader should know before believing the scores: the unknown labels."""
        counts = list(self.unknown_labels.items())
        if len(counts) > SHOWN_NAMES:
            counts = sorted(counts, key=lambda item: (-item[1], item[0]))[:SHOWN_NAMES]
        warnings = [
            f"{shortened(label, 200)!r} was predicted {count} times and is never in the gold"
            for label, count in counts
        ]
        if more := len(self.unknown_labels) - len(counts):
            warnings.append(f"{more:,} more labels were predicted and are never in the gold")
        return warnings

    def as_dict(self) -> dict[str, Any]:
        """The report as values that JSON can hold."""
        return {
            "task": self.task,
            "items": self.items,
            "scores": [asdict(score) for score in self.scores],
            "languages": asdict(self.languages),
            "confidence_interval": self.confidence_interval,
            "comparisons": [
                asdict(comparison) | {"difference": comparison.difference}
                for comparison in self.comparisons
            ],
        }

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.as_dict(), indent=1, ensure_ascii=False)

    def __str__(self) -> str:
        text = "\n\n".join(str(section) for section in self._sections())
        return f"\n{text}" if len(self.languages.languages) > 1 else text

    def _repr_html_(self) -> str:
        warnings = [_Section(heading=warning).html() for warning in self.warnings]
        return "\n".join([*warnings, *(section.html() for section in self._sections())])

    def _sections(self) -> list[_Section]:
        several = len(self.languages.languages) > 1
        sections = []
        for language in self.languages.languages:
            heading = f"{language.lang}: {language.items} items" if several else ""
            sections.append(_Section(heading, score_table(language.scores)))
            by_label = language.scores[0].details.get("by_label")
            if by_label:
                sections.append(_Section(table=by_label_table(by_label)))
        if several:
            summary = languages_summary(self.languages)
            sections.append(_Section(table=languages_table(self.languages), note=summary))
            if self.scores:
                sections.append(_Section("all items together", score_table(self.scores)))
        else:  # COMET is over all items only
            extra = self.scores[len(self.languages.languages[0].scores) :]
            if extra:
                sections.append(_Section(table=score_table(extra)))
        if self.confidence_interval is not None:
            low, high = self.confidence_interval
            sections.append(_Section(f"95 % of bootstrap samples: {low:.2f} to {high:.2f}"))
        if self.comparisons:
            sections.append(_Section(table=comparison_table(self.comparisons)))
        return sections


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the printed report; empty fields are left out."""

    heading: str = ""
    table: Table | None = None
    note: str = ""

    def __str__(self) -> str:
        table = "" if self.table is None else str(self.table)
        return "\n".join(part for part in (self.heading, table, self.note) if part)

    def html(self) -> str:
        heading, note = (f"<p>{escape(t)}</p>" if t else "" for t in (self.heading, self.note))
        table = "" if self.table is None else self.table._repr_html_()
        return "\n".join(part for part in (heading, table, note) if part)


def score(
    predictions: PredictionInput,
    gold: GoldInput,
    *,
    task: Task,
    by_id: bool = False,
    source: str | None = None,
    baseline: PredictionInput | None = None,
    confidence: bool = False,
    comet: str | None = None,
    files: FileOptions | None = None,
    options: ScoreOptions | None = None,
    significance: SignificanceOptions | None = None,
) -> ScoreReport:
    """Score `predictions` of `task` against `gold`, by language and over all items.

    `predictions` are a file, several files, `Prediction`s, or rows in memory that are labelled with
    what was predicted; `gold` is a file, as many files, or rows in memory (`Row`s, dictionaries, a
    frame, a table, a data set). Both have the same items, paired by their ids; with `by_id` they
    may be in another order. `files` says how files and dictionaries are read, `options` how the
    scores are computed.

    `source` is the language (BCP 47) that the gaps of the other languages are measured from.
    `baseline` are predictions of another system for the same gold, which the difference is tested
    against as `significance` says. `confidence` adds the 95 % bootstrap interval of the first
    metric. `comet` adds COMET by the model that it names (see `comet_measure`).

    Raises `UserError` for files that cannot be read, for predictions and gold that do not fit each
    other, for a `source` that the gold does not have, and for a baseline or a confidence interval
    of text in several languages. Raises `TypeError` for predictions or gold of another type.
    """
    if task not in TASKS:
        raise UserError(f"no task {task!r}", choices=TASKS)
    files, options = files or FileOptions(), options or ScoreOptions()
    gold_parts = load_gold(gold, task, files)
    rows = [row for part in gold_parts for row in part]
    predicted, file = load_predictions(predictions, gold_parts, task, files, by_id=by_id)
    left_out = files.rejected_gold
    kept = [id(row) not in left_out for row in rows]
    rows, predicted = list(compress(rows, kept)), list(compress(predicted, kept))
    if not rows:
        raise UserError("every row of the gold is bad: there is nothing to score")
    unknown = unknown_labels(task, rows, predicted, file=file)
    langs = {row.lang for row in rows}
    source = _source_language(source, langs)
    # One BLEU over several languages would mean nothing.
    separate = task == "text" and len(langs) > 1
    if separate and (baseline is not None or confidence):
        _refuse_together("--confidence" if baseline is None else "--baseline", langs)
    table = language_table(task, rows, predicted, options, source=source)
    measures = [] if separate else task_measures(task, rows, predicted, options)
    if comet is not None:
        measures.append(_comet(task, rows, predicted, comet))
    comparisons: list[Comparison] = []
    scores = tuple(measure.score() for measure in measures)
    interval = confidence_interval(measures[0]) if confidence else None
    if baseline is not None:
        others, file = load_predictions(baseline, gold_parts, task, files, by_id=by_id)
        others = list(compress(others, kept))
        unknown_labels(task, rows, others, file=file)
        comparisons = compare_with_baseline(
            task, rows, predicted, others, options, significance or SignificanceOptions()
        )
    return ScoreReport(task, len(rows), table, scores, interval, tuple(comparisons), unknown)


def _source_language(source: str | None, langs: Collection[str]) -> str | None:
    """The language that gaps are measured from, as the gold's rows write it."""
    if source is None or source in langs:
        return source
    standard = normalise_tag(source)
    if standard not in langs:
        raise UserError(f"--source {source}: the gold has no row in it", choices=langs)
    return standard


def _refuse_together(option: str, langs: Collection[str]) -> None:
    raise UserError(
        f"{option}: the gold is in several languages ({', '.join(sorted(langs))}), and one "
        "score of text over them would mean nothing: score each language alone"
    )


def _comet(task: Task, gold: Sequence[Row], predicted: Sequence[Prediction], model: str) -> Measure:
    if task != "text":
        raise UserError(f"COMET is for the task 'text', not for {task!r}")
    return comet_measure(
        [row.text for row in gold],
        [prediction.target or "" for prediction in predicted],
        [row.target or "" for row in gold],
        model,
    )
