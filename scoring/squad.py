"""Exact match and F1 of answers, as SQuAD's official script has them (Rajpurkar et al. 2016, 2018).

The official normalisation knows English articles only. MLQA (Lewis et al. 2020) has one a
language: its articles, Unicode's punctuation, and Chinese cut into characters.
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
from corpora.records import Row
from scoring.measures import Measure, mean_measure, signature
from scoring.pairing import Predicted

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
    """The tokens that the official script compares: lower case, no punctuation, no articles.

    Always with English articles: that is the official formula, whatever `lang` is.
    """
    lowered = "".join(c for c in text.lower() if c not in string.punctuation)
    return _ENGLISH.sub(" ", lowered).split()


def mlqa_tokens(text: str, lang: str) -> list[str]:
    """The tokens that MLQA compares, with the articles of `lang` (BCP 47) where it has some."""
    language = lang.split("-")[0].lower()
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
    """Exact match and F1 in [0, 1] of the best of the gold `answers`.

    No answers stand for an unanswerable question: right is the empty prediction.
    """
    said = tokens(prediction)
    # The script leaves out gold answers that nothing is left of; [""] is no answer at all.
    wanted = [t for t in map(tokens, answers) if t] or [[]]
    return (
        max(float(said == want) for want in wanted),
        max(_f1(said, want) for want in wanted),
    )


def _f1(said: Sequence[str], want: Sequence[str]) -> float:
    if not said or not want:
        return float(said == want)
    common = (Counter(said) & Counter(want)).total()
    return 2 * common / (len(said) + len(want))


def answer_text(row: Row, predicted: Predicted) -> str:
    """What a prediction answers: the text of its first span, else its `target`, else nothing."""
    if predicted.spans:
        first = predicted.spans[0]
        return row.text[first.start : first.end]
    return predicted.target or ""


def qa_measures(
    gold: Sequence[Row],
    predicted: Sequence[Predicted],
    normalisation: Normalisation = "squad",
) -> list[Measure]:
    """F1 and exact match; for sets with unanswerable questions also apart for the two kinds.

    A prediction of several spans answers with its first. Raises `UserError` for an unknown
    normalisation and where no question has an answer.
    """
    if normalisation not in NORMALISATIONS:
        raise UserError(f"no normalisation {normalisation!r}", choices=NORMALISATIONS)
    if not any(row.spans for row in gold):
        raise UserError("the gold has no spans at all, so that there is no answer to find")
    scores = [_score(row, one, normalisation) for row, one in zip(gold, predicted, strict=True)]
    languages = {row.lang.split("-")[0] for row in gold}
    articles = "en" if normalisation == "squad" else "+".join(sorted(languages))
    answerable = [bool(row.spans) for row in gold]
    out = []
    for name, part in (("f1", 1), ("exact_match", 0)):
        text = signature(f"squad_{name}", normalisation=normalisation, articles=articles)
        values = [score[part] for score in scores]
        out.append(mean_measure(name, values, text))
        if all(answerable):
            continue
        for kind, among in (
            ("answerable", answerable),
            ("unanswerable", [not one for one in answerable]),
        ):
            kind_text = text.replace("|", f"|questions:{kind}|", 1)
            out.append(mean_measure(f"{name}_{kind}", values, kind_text, among=among))
    return out


def _score(row: Row, predicted: Predicted, normalisation: Normalisation) -> tuple[float, float]:
    if predicted.unmapped:
        return 0.0, 0.0  # there was an answer, though nobody knows where
    answers = [row.text[span.start : span.end] for span in row.spans]

    def tokens(text: str) -> list[str]:
        return squad_tokens(text) if normalisation == "squad" else mlqa_tokens(text, row.lang)

    return answer_scores(answer_text(row, predicted), answers, tokens)
