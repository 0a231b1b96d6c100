"""What is protected in a text: its items, and whether a translation has them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

Kind = Literal[
    "address", "code", "date", "emoji", "entity", "file", "handle", "hashtag", "kept", "markup",
    "placeholder", "quantity", "symbol", "tag", "word",
]  # fmt: skip
"""What an item is; `word` and `symbol` have characters that the model cannot write, `kept` is what
the user named."""
REWRITTEN: frozenset[Kind] = frozenset({"date", "quantity"})
"""Kinds that languages write differently (`20°C`, `20 °C`; `3.5`, `3,5`): the digits decide."""
_NUMBER = regex.compile(r"\p{Nd}+")


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch [start, end) of a text that is to come out as it is."""

    start: int
    end: int
    text: str
    kind: Kind
    role: Literal["alone", "open", "close"] = "alone"
    """Half of a pair of tags, or neither."""
    pair: int = -1
    """Number of the pair, where it is half of one."""


def lost_items(items: Sequence[Item], translation: str) -> list[Item]:
    """Those of `items` that `translation` lacks, has too often, or has in another nesting.

    Dates and quantities may be written as the target language does, with the same numbers.
    """
    if not items:
        return []
    wanted = Counter(item.text for item in items if item.kind not in REWRITTEN)
    wrong = {text for text, count in wanted.items() if _count(text, translation, wanted) != count}
    lost = [item for item in items if item.text in wrong and item.kind not in REWRITTEN]
    loose = [item for item in items if item.kind in REWRITTEN]
    if loose:
        lost += _lost_numbers(loose, translation)
    if not lost and not is_nested(items, translation):
        lost = [item for item in items if item.role != "alone"]
    return lost


def _count(text: str, translation: str, others: Counter[str]) -> int:
    """How often `text` is in `translation`, not counting where it is part of a longer item."""
    count = len(standing(text).findall(translation))
    if count:
        for other, times in others.items():
            if len(other) > len(text) and text in other:
                inside = len(standing(text).findall(other))
                count -= inside * min(times, translation.count(other))
    return count


@lru_cache(1024)
def standing(text: str) -> regex.Pattern[str]:
    """Finds `text` where it is not part of a longer word; a genitive `s` and the endings of other
    scripts (Korean particles) may follow."""
    before = r"(?<![\p{Latin}\p{N}])" if text[:1].isalnum() else ""
    after = r"(?=s?(?![\p{Latin}\p{N}]))" if text[-1:].isalnum() else ""
    return regex.compile(before + regex.escape(text) + after)


def _lost_numbers(items: Sequence[Item], translation: str) -> list[Item]:
    lost = []
    rest = translation
    for item in sorted(items, key=lambda item: -len(item.text)):
        match = _written(item).search(rest)
        if match is None:
            lost.append(item)
        else:
            rest = rest[: match.start()] + "\0" + rest[match.end() :]
    return lost


def _written(item: Item) -> regex.Pattern[str]:
    """The item's numbers in their order, with any separators, and degrees, which models lose."""
    numbers = _NUMBER.findall(item.text)
    between = r"[\s.,:/\-\u2010-\u2015'’]{1,2}"
    body = between.join(map(regex.escape, numbers))
    tail = ""
    if "°" in item.text:
        letters = "".join(filter(str.isalpha, item.text))
        tail = rf"\s?°\s?{regex.escape(letters)}"
    return regex.compile(rf"(?<!\p{{Nd}}){body}(?!\p{{Nd}}){tail}")


def is_nested(items: Sequence[Item], translation: str) -> bool:
    """Whether the pairs among `items` enclose each other in `translation` as they do in the text.

    Each must be there, with the same pairs around it; pairs beside each other may change places.
    """
    halves = [item for item in sorted(items, key=lambda item: item.start) if item.pair >= 0]
    if not halves:
        return True
    closing: dict[str, set[str]] = {}
    for opening in halves:
        if opening.role == "open":
            closing[opening.text] = closing.get(opening.text, set()) | {
                half.text for half in halves if half.pair == opening.pair and half.role == "close"
            }
    texts = sorted({half.text for half in halves}, key=len, reverse=True)
    found = regex.findall("|".join(map(regex.escape, texts)), translation)
    return _paths(found, closing) == _paths([half.text for half in halves], closing)


def _paths(
    halves: Sequence[str], closing: Mapping[str, set[str]]
) -> Counter[tuple[str, ...]] | None:
    """How often each pair is within which others, outermost first, for `halves` in order; None
    where they do not fit together. `closing` has what may close each opening half."""
    paths: Counter[tuple[str, ...]] = Counter()
    stack: list[str] = []
    for text in halves:
        if stack and text in closing[stack[-1]]:
            paths[(*stack, text)] += 1
            stack.pop()
        elif text in closing:
            stack.append(text)
        else:
            return None
    return None if stack else paths
