"""Features of a word for the CRF: the word itself, its ends, its shape, and the words beside it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_LONGEST_AFFIX = 4


def sentence_features(words: Sequence[str]) -> list[list[str]]:
    """The features of each of the `words` of a sentence, as python-crfsuite takes them."""
    of_words = [_word_features(word) for word in words]
    lowered = [word.casefold() for word in words]
    sentence = []
    for i in range(len(words)):
        before = lowered[i - 1] if i else "<s>"
        after = lowered[i + 1] if i + 1 < len(words) else "</s>"
        features = [
            "bias",
            *of_words[i],
            f"-1={before}",
            f"+1={after}",
            f"-1|0={before}|{lowered[i]}",
            f"0|+1={lowered[i]}|{after}",
            f"-1s={before[-3:]}",
            f"+1s={after[-3:]}",
        ]
        if i > 1:
            features += (f"-2={lowered[i - 2]}", f"-2|-1={lowered[i - 2]}|{before}")
        if i + 2 < len(words):
            features += (f"+2={lowered[i + 2]}", f"+1|+2={after}|{lowered[i + 2]}")
        if i:
            features.append(f"-1shape={_shape(words[i - 1])}")
        if i + 1 < len(words):
            features.append(f"+1shape={_shape(words[i + 1])}")
        sentence.append(features)
    return sentence


@lru_cache(maxsize=1 << 16)
def _word_features(word: str) -> tuple[str, ...]:
    lower = word.casefold()
    features = [f"w={lower}", f"shape={_shape(word)}"]
    for size in range(1, min(_LONGEST_AFFIX, len(lower)) + 1):
        features += (f"p={lower[:size]}", f"s={lower[-size:]}")
    if any(c.isdigit() for c in word):
        features.append("digit")
    if "-" in word:
        features.append("hyphen")
    return tuple(features)


@lru_cache(maxsize=1 << 16)
def _shape(word: str) -> str:
    """`Xx` for Bremen, `X` for USA, `d:d` for 18:30: classes of characters, without repeats."""
    kinds: list[str] = []
    for character in word:
        kind = _kind(character)
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return "".join(kinds)


def _kind(character: str) -> str:
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    if character.isalpha():
        return "a"
    return "d" if character.isdigit() else character
