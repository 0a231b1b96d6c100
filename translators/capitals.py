"""Texts in capital letters: read in their usual case, translated, and put back into capitals.

Models see few of them in training and spell them out letter by letter. Only texts that are mostly
capitals, and more than an acronym, are changed.
"""

from __future__ import annotations

import dataclasses
from itertools import accumulate

import regex

from corpora.text.languages import language_subtag
from translators.pieces.codec import Offsets
from translators.protocol import Hypothesis

MIN_LETTERS = 7
"""Capitals that a text has at least, for it may be an acronym (`UNICEF`) or two (`USA, UK`)."""
MIN_SHARE = 0.85
"""Share of the letters with case that are capitals: `McDONALD'S` and `iPHONE` may be among them."""
_LOWER_RUN = regex.compile(r"\p{Ll}{3}")
_CASED = regex.compile(r"[\p{Lu}\p{Ll}\p{Lt}]")
_CAPITAL = regex.compile(r"\p{Lu}")
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*")
_ABBREVIATION = regex.compile(r"(?<![\p{L}\p{M}])(?:\p{Lu}\.){2,}")
"""`U.S.`, which stays as it is."""
_DOTTED_I = {"tr", "az"}
"""Languages in which the capital of `i` is `İ`, and that of `ı` is `I`."""


def usual_case(text: str, lang: str) -> str | None:
    """`text` in sentence case if it is in capital letters, else None.

    It has as many characters, so offsets into it are offsets into `text`. `lang` is a BCP 47 tag.
    """
    if _LOWER_RUN.search(text) is not None:
        return None
    capitals = len(_CAPITAL.findall(text))
    if capitals < MIN_LETTERS or capitals < MIN_SHARE * len(_CASED.findall(text)):
        return None
    code = language_subtag(lang)
    kept = [match.span() for match in _ABBREVIATION.finditer(text)]
    parts: list[str] = []
    at = 0
    starts_sentence = True
    for match in _WORD.finditer(text):
        start, end = match.span()
        word = match[0]
        if not any(first <= start < last for first, last in kept):
            word = _sentence_case(word, code, starts_sentence)
        starts_sentence = False
        parts += (text[at:start], word)
        at = end
    return "".join(parts) + text[at:]


def in_capitals(hypothesis: Hypothesis, lang: str) -> Hypothesis:
    """`hypothesis`, a translation to `lang` (BCP 47), in capital letters.

    Some letters have longer capitals (`ß` is `SS`): the target pieces' offsets are adapted.
    """
    code = language_subtag(lang)
    capitals = [_upper(char, code) for char in hypothesis.text]
    at = list(accumulate(map(len, capitals), initial=0))
    pieces: Offsets = tuple((at[start], at[end]) for start, end in hypothesis.target_pieces)
    return dataclasses.replace(
        hypothesis,
        text="".join(capitals),
        target_pieces=pieces,
        alternatives=tuple(in_capitals(other, lang) for other in hypothesis.alternatives),
    )


def _sentence_case(word: str, code: str, starts_sentence: bool) -> str:
    if code == "en" and word.split("'")[0].split("’")[0] == "I":
        return "I" + word[1:].lower()
    lower = _lower(word, code)
    return word[0] + lower[1:] if starts_sentence else lower


def _lower(word: str, code: str) -> str:
    """`word` in lower case, with as many characters."""
    if code in _DOTTED_I:
        word = word.replace("I", "ı").replace("İ", "i")
    lower = word.lower()
    if len(lower) == len(word):
        return lower
    return "".join(low if len(low := char.lower()) == 1 else char for char in word)


def _upper(char: str, code: str) -> str:
    if char == "i" and code in _DOTTED_I:
        return "İ"
    return char.upper()
