"""The scores of a task: which measures it has, over all items and by language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

from corpora.checks import TASKS, Task
from corpora.errors import UserError
from corpora.records import Row
from scoring.labels import label_measures
from scoring.measures import Measure
from scoring.pairing import Predicted, foreign_labels
from scoring.protocol import Score
from scoring.spans import span_measures
from scoring.squad import Normalisation, qa_measures
from scoring.translation import translation_measures


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """What of the scoring can be chosen; all of it is in the signatures."""

    normalisation: Normalisation = "squad"
    """Of answers: the official English one, or MLQA's, by language."""
    tokenize: str | None = None
    """sacreBLEU's tokenizer for BLEU; None goes by the language."""


def task_measures(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Predicted],
    options: ScoreOptions | None = None,
    *,
    alphabet: Iterable[str] = (),
    strangers: bool = False,
) -> list[Measure]:
    """The measures of `task`, the one that stands for it first.

    That is accuracy for classification and pairs, strict span F1 for tokens, F1 for questions and
    chrF++ for text. Rows for `tokens` that also carry a label get the label's measures too, as
    `label_...`. Predictions must be paired with the gold already (see `pair_up`).
    Raises `UserError` for gold that lacks what the task predicts, and for labels that are not the
    gold's at all, unless `strangers` are let in: a weak model that shares its labels with the gold
    may still predict none of those that the gold has.
    """
    options = options or ScoreOptions()
    labels = tuple(alphabet)
    if not strangers:
        stray_labels(task, gold, predicted)
    if task in ("classification", "pair"):
        return _of_labels(gold, predicted, "", labels)
    if task == "tokens":
        out = span_measures(gold, predicted, alphabet=labels)
        if all(row.label is not None for row in gold):
            out += _of_labels(gold, predicted, "label_", labels)
        return out
    if task == "qa":
        return qa_measures(gold, predicted, options.normalisation)
    if task == "text":
        return _of_text(gold, predicted, options)
    raise UserError(f"no task {task!r}", choices=TASKS)


def stray_labels(
    task: Task,
    gold: Sequence[Row],
    predicted: Sequence[Predicted],
    *,
    file: str | Path | None = None,
) -> dict[str, int]:
    """Predicted classes and labels of spans that the gold never has, and how often.

    Raises `UserError` where none at all is the gold's (see `foreign_labels`); `file` is that of
    the predictions.
    """
    strays: dict[str, int] = {}
    if task == "tokens":
        wanted = [span.label for row in gold for span in row.spans]
        given = [span.label for one in predicted for span in one.spans]
        strays |= foreign_labels(wanted, given, file=file)
    with_labels = task == "tokens" and all(row.label is not None for row in gold)
    if with_labels or task in ("classification", "pair"):
        classes = [row.label for row in gold if row.label is not None]
        said = [one.label for one in predicted if one.label is not None]
        strays |= foreign_labels(classes, said, file=file)
    return strays


def _of_labels(
    gold: Sequence[Row], predicted: Sequence[Predicted], prefix: str, alphabet: Sequence[str]
) -> list[Measure]:
    wanted = []
    for row in gold:
        if row.label is None:
            raise UserError("the gold has no label here", row=row.id)
        wanted.append(row.label)
    return label_measures(
        wanted, [one.label for one in predicted], prefix=prefix, alphabet=alphabet
    )


def _of_text(
    gold: Sequence[Row], predicted: Sequence[Predicted], options: ScoreOptions
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
    hypotheses = [one.target or "" for one in predicted]
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
    """Is the model equally good for all languages? All about the task's first metric, in percent.

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
    predicted: Sequence[Predicted],
    options: ScoreOptions | None = None,
    *,
    source: str | None = None,
) -> LanguageTable:
    """The scores by language (the gold rows'), with the gap to `source` where it is among them."""
    # A language with few rows may lack labels that the others have.
    stray_labels(task, gold, predicted)
    scored: dict[str, tuple[Score, ...]] = {}
    for lang in sorted({row.lang for row in gold}):
        items = [i for i, row in enumerate(gold) if row.lang == lang]
        own, said = [gold[i] for i in items], [predicted[i] for i in items]
        try:
            measures = task_measures(task, own, said, options, strangers=True)
        except UserError as error:
            raise UserError(f"{lang}: {error}") from error
        scored[lang] = tuple(measure.score() for measure in measures)
    firsts = {lang: scores[0].value for lang, scores in scored.items()}
    base = firsts.get(source) if source is not None else None
    return LanguageTable(
        next(iter(scored.values()))[0].name,
        source,
        tuple(
            LanguageScores(
                lang,
                int(scores[0].details["items"]),
                scores,
                None if base is None or lang == source else scores[0].value - base,
            )
            for lang, scores in scored.items()
        ),
        fmean(firsts.values()),
        min(firsts, key=lambda lang: firsts[lang]),
        max(firsts.values()) - min(firsts.values()),
        pstdev(firsts.values()),
    )
