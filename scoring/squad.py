"""Exact match and F1 of answers, as SQuAD's official script has them (Rajpurkar et al. 2016, 2018).

The official normalisation has English articles only. MLQA (Lewis et al. 2020) has a normalisation
for each language: its articles, Unicode's punctuation, and Chinese cut into characters.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import get_args

from corpora.choices import AnswerNormalisation
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from corpora.text.languages import language_subtag
from scoring.measures import Measure, mean_measure, signature

Normalisation = AnswerNormalisation
NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)

_ENGLISH = re.compile(r"\b(a|an|the)\b")
_ARTICLES = {
    "en": _ENGLISH,
    "es": re.compile(r"\b(un|una|unos|unas|el|la|los|las)\b"),
    "vi": re.compile(r"\b(của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    "ar": re.compile(r"\sال^|ال"),
}
_HAN = re.compile(r"([\u4e00-\u9fa5])")


def squad_tokens(text: str, lang: str = "en") -> list[str]:
    """The tokens of `text` that the official script compares: no case, punctuation or article.

    Always with English articles, for every `lang`: that is the official formula.
    """
    lowered = "".join(c for c in text.lower() if c not in string.punctuation)
    return _ENGLISH.sub(" ", lowered).split()


def mlqa_tokens(text: str, lang: str) -> list[str]:
    """The tokens of `text` that MLQA compares, without the articles of `lang` (BCP 47), if any."""
    language = language_subtag(lang)
    lowered = "".join(c for c in text.lower() if not _is_punctuation(c))
    articles = _ARTICLES.get(language)
    if articles is not None:
        lowered = articles.sub(" ", lowered)
    if language == "zh":
        lowered = _HAN.sub(r" \1 ", lowered)
    return lowered.split()


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def answer_scores(
    prediction: str, answers: Sequence[str], tokens: Callable[[str], list[str]]
) -> tuple[float, float]:
    """Exact match and F1, in [0, 1], of `prediction` and the best of the gold `answers`.

    `tokens` normalises a text and cuts it into the tokens to compare. An unanswerable question has
    no answers: the empty prediction is right then.
    """
    predicted_tokens = tokens(prediction)
    # The script leaves out gold answers that become empty; [""] means that there is no answer.
    gold_tokens = [t for t in map(tokens, answers) if t] or [[]]
    return (
        max(float(predicted_tokens == answer) for answer in gold_tokens),
        max(_f1(predicted_tokens, answer) for answer in gold_tokens),
    )


def _f1(predicted: Sequence[str], gold: Sequence[str]) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    common = (Counter(predicted) & Counter(gold)).total()
    return 2 * common / (len(predicted) + len(gold))


def answer_text(row: Row, prediction: Prediction) -> str:
    """The answer of `prediction`: its first span's text in `row`, else its `target`, else none."""
    if prediction.spans:
        first = prediction.spans[0]
        return row.text[first.start : first.end]
    return prediction.target or ""


def qa_measures(
    gold: Sequence[Row],
    predicted: Sequence[Prediction],
    normalisation: Normalisation = "squad",
) -> list[Measure]:
    """F1 and exact match; with unanswerable questions in the set, also for each kind.

    `predicted` has the predictions of the rows `gold` in their order; a prediction of several
    spans answers with its first. Raises `UserError` for an unknown `normalisation` and where no
    question has an answer.
    """
    if normalisation not in NORMALISATIONS:
        raise UserError(f"no normalisation {normalisation!r}", choices=NORMALISATIONS)
    if not any(row.spans for row in gold):
        raise UserError("the gold has no spans at all, so that there is no answer to find")
    scores = [
        _score(row, prediction, normalisation)
        for row, prediction in zip(gold, predicted, strict=True)
    ]
    languages = {language_subtag(row.lang) for row in gold}
    articles = "en" if normalisation == "squad" else "+".join(sorted(languages))
    answerable = [bool(row.spans) for row in gold]
    measures = []
    for name, part in (("f1", 1), ("exact_match", 0)):
        text = signature(f"squad_{name}", normalisation=normalisation, articles=articles)
        values = [score[part] for score in scores]
        measures.append(mean_measure(name, values, text))
        if all(answerable):
            continue
        for kind, among in (
            ("answerable", answerable),
            ("unanswerable", [not has_answer for has_answer in answerable]),
        ):
            kind_text = text.replace("|", f"|questions:{kind}|", 1)
            measures.append(mean_measure(f"{name}_{kind}", values, kind_text, among=among))
    return measures


def _score(row: Row, prediction: Prediction, normalisation: Normalisation) -> tuple[float, float]:
    if prediction.unmapped:
        return 0.0, 0.0  # an answer was predicted, and could not be projected onto the context
    answers = [row.text[span.start : span.end] for span in row.spans]

    def tokens(text: str) -> list[str]:
        return squad_tokens(text) if normalisation == "squad" else mlqa_tokens(text, row.lang)

    return answer_scores(answer_text(row, prediction), answers, tokens)
