"""The scores of a task: which measures it has, over all items and by language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

from corpora.choices import TASKS, Task
from corpora.errors import UserError
from corpora.labels import classes_of, common_kind
from corpora.predictions import Prediction
from corpora.records import Row
from scoring.label_sets import label_set_measures
from scoring.labels import label_measures
from scoring.measures import Measure
from scoring.numbers import number_measures
from scoring.pairing import count_unknown_labels
from scoring.protocol import Score
from scoring.spans import span_measures
from scoring.squad import Normalisation, qa_measures
from scoring.translation import translation_measures


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How predictions are scored; all of it is in the signatures."""

    normalisation: Normalisation = "squad"
    """Of answers: the official English one, or MLQA's, by language."""
    tokenize: str | None = None
    """sacreBLEU's tokenizer for BLEU; None goes by the language."""


def task_measures(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    options: ScoreOptions | None = None,
    *,
    alphabet: Iterable[str] = (),
    allow_unknown_labels: bool = False,
) -> list[Measure]:
    """The measures of `task`, the main one first.

    That is accuracy for classification and pairs (micro F1 where rows have several labels,
    Pearson's correlation where they have a number), strict span F1 for tokens, F1 for questions and
    chrF++ for text. Rows for `tokens` that also have a label get the label's measures too, as
    `label_...`. `predicted` must be paired with the rows `gold` already (see `pair_up`); `options`
    default to the usual ones. An `alphabet` of more labels changes no value; measures that share
    one have the same columns.
    Raises `UserError` for gold that lacks what the task predicts. It is also raised where no
    predicted label at all is one of the gold's, unless `allow_unknown_labels`: a weak model that
    shares its labels with the gold may still predict none of those that the gold has.
    """
    options = options or ScoreOptions()
    labels = tuple(alphabet)
    if not allow_unknown_labels:
        unknown_labels(task, gold, predicted)
    if task in ("classification", "pair"):
        kind = common_kind(gold, "the gold has no label here")
        if kind == "labels":
            gold_sets = [row.labels or () for row in gold]
            return label_set_measures(gold_sets, [p.labels for p in predicted], alphabet=labels)
        if kind == "value":
            return number_measures([row.value or 0.0 for row in gold], _values(predicted))
        return _label_measures(gold, predicted, "", labels)
    if task == "tokens":
        measures = span_measures(gold, predicted, alphabet=labels)
        if all(row.label is not None for row in gold):
            measures += _label_measures(gold, predicted, "label_", labels)
        return measures
    if task == "qa":
        return qa_measures(gold, predicted, options.normalisation)
    if task == "text":
        return _text_measures(gold, predicted, options)
    raise UserError(f"no task {task!r}", choices=TASKS)


def unknown_labels(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    *,
    file: str | Path | None = None,
) -> dict[str, int]:
    """The unknown labels: those that `predicted` has and `gold` never, with how often.

    They are the classes, the labels of spans or both, as the `task` has it. Raises `UserError`
    where no predicted label at all is one of the gold's (see `count_unknown_labels`); `file` is
    that of the predictions.
    """
    unknown: dict[str, int] = {}
    if task == "tokens":
        gold_labels = [span.label for row in gold for span in row.spans]
        labels = [span.label for prediction in predicted for span in prediction.spans]
        unknown |= count_unknown_labels(gold_labels, labels, file=file)
    has_classes = task == "tokens" and all(row.label is not None for row in gold)
    if has_classes or task in ("classification", "pair"):
        gold_labels = [label for row in gold for label in classes_of(row)]
        labels = [label for prediction in predicted for label in classes_of(prediction)]
        unknown |= count_unknown_labels(gold_labels, labels, file=file)
    return unknown


def _values(predicted: Sequence[Prediction]) -> list[float]:
    values = []
    for prediction in predicted:
        if prediction.value is None:
            raise UserError("no number was predicted here", row=prediction.id)
        values.append(prediction.value)
    return values


def _label_measures(
    gold: Sequence[Row], predicted: Sequence[Prediction], prefix: str, alphabet: Sequence[str]
) -> list[Measure]:
    gold_labels = []
    for row in gold:
        if row.label is None:
            raise UserError("the gold has no label here", row=row.id)
        gold_labels.append(row.label)
    labels = [prediction.label for prediction in predicted]
    return label_measures(gold_labels, labels, prefix=prefix, alphabet=alphabet)


def _text_measures(
    gold: Sequence[Row], predicted: Sequence[Prediction], options: ScoreOptions
) -> list[Measure]:
    references = []
    for row in gold:
        if row.target is None:
            raise UserError("the gold has no target text here", row=row.id)
        references.append(row.target)
    languages = {row.lang for row in gold}
    if len(languages) > 1:
        raise UserError(
            "the gold is in several languages, and one BLEU over them would mean nothing",
            choices=languages,
        )
    hypotheses = [prediction.target or "" for prediction in predicted]
    return translation_measures(hypotheses, references, languages.pop(), options.tokenize)


@dataclass(frozen=True, slots=True)
class LanguageScores:
    """The scores of one language; `gap` is the first one less the source language's."""

    lang: str
    items: int
    scores: tuple[Score, ...]
    gap: float | None


@dataclass(frozen=True, slots=True)
class LanguageTable:
    """The task's first metric by language, in percent: is the model equally good for all?

    `worst` is the language with the lowest score, `spread` the highest score less the lowest, and
    `deviation` the standard deviation over the languages.
    """

    metric: str
    source: str | None
    languages: tuple[LanguageScores, ...]
    mean: float
    worst: str
    spread: float
    deviation: float


def language_table(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    options: ScoreOptions | None = None,
    *,
    source: str | None = None,
) -> LanguageTable:
    """The scores of `task` by language (the `gold` rows'), with the gap to `source`, if it is one.

    `predicted` and `options` are as in `task_measures`, and so is what is raised; errors name the
    language.
    """
    # A language with few rows may lack labels that the others have.
    unknown_labels(task, gold, predicted)
    scores_by_language: dict[str, tuple[Score, ...]] = {}
    for lang in sorted({row.lang for row in gold}):
        items = [i for i, row in enumerate(gold) if row.lang == lang]
        try:
            measures = task_measures(
                task,
                [gold[i] for i in items],
                [predicted[i] for i in items],
                options,
                allow_unknown_labels=True,
            )
        except UserError as error:
            raise UserError(f"{lang}: {error}") from error
        scores_by_language[lang] = tuple(measure.score() for measure in measures)
    values = {lang: scores[0].value for lang, scores in scores_by_language.items()}
    base = values.get(source) if source is not None else None
    return LanguageTable(
        next(iter(scores_by_language.values()))[0].name,
        source,
        tuple(
            LanguageScores(
                lang,
                int(scores[0].details["items"]),
                scores,
                None if base is None or lang == source else scores[0].value - base,
            )
            for lang, scores in scores_by_language.items()
        ),
        fmean(values.values()),
        min(values, key=lambda lang: values[lang]),
        max(values.values()) - min(values.values()),
        pstdev(values.values()),
    )
