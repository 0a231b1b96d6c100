"""What is protected in a text: its items, and whether a translation has them all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
_UNIT = regex.compile(r"[^\W\d_]+|[°%‰€£¥$]")


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
    count = translation.count(text)
    if count:
        for other, times in others.items():
            if len(other) > len(text) and text in other:
                count -= other.count(text) * min(times, translation.count(other))
    return count


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
    """The item's numbers in their order, with any separators, and its unit where it is a sign."""
    numbers = _NUMBER.findall(item.text)
    between = r"[\s.,:/\-\u2010-\u2015'’]{1,2}"
    body = between.join(map(regex.escape, numbers))
    units = _UNIT.findall(item.text) if item.kind == "quantity" else []
    signs = [unit for unit in units if unit in "°%‰€£¥$"]
    has_degrees = "°" in signs
    tail = ""
    if has_degrees:
        letters = "".join(unit for unit in units if unit.isalpha())
        tail = rf"\s?°\s?{regex.escape(letters)}"
    return regex.compile(rf"(?<!\p{{Nd}}){body}(?!\p{{Nd}}){tail}")


def is_nested(items: Sequence[Item], translation: str) -> bool:
    """Whether the pairs among `items` are as well nested in `translation` as tags must be."""
    paired = sorted({(item.pair, item.role, item.text) for item in items if item.pair >= 0})
    if not paired:
        return True
    texts = sorted({text for _, _, text in paired}, key=len, reverse=True)
    openings = {text for _, role, text in paired if role == "open"}
    closing_of: dict[str, set[str]] = {}
    by_pair: dict[int, dict[str, str]] = {}
    for number, role, text in paired:
        by_pair.setdefault(number, {})[role] = text
    for halves in by_pair.values():
        closing_of.setdefault(halves["open"], set()).add(halves["close"])
    stack: list[str] = []
    for match in regex.finditer("|".join(map(regex.escape, texts)), translation):
        text = match[0]
        if stack and text in closing_of[stack[-1]]:
            stack.pop()
        elif text in openings:
            stack.append(text)
        else:
            return False
    return not stack
