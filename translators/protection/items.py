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
    counts = _counts(tuple(wanted), translation) if wanted else Counter()
    wrong = {text for text, count in wanted.items() if counts[text] != count}
    lost = [item for item in items if item.text in wrong and item.kind not in REWRITTEN]
    loose = [item for item in items if item.kind in REWRITTEN]
    if loose:
        lost += _lost_numbers(loose, translation)
    if not lost and not is_nested(items, translation):
        lost = [item for item in items if item.role != "alone"]
    return lost


def _counts(texts: tuple[str, ...], translation: str) -> Counter[str]:
    """How often each of `texts` is in `translation`, not counting where it is part of a longer
    one."""
    return Counter(match[0] for match in _standing_any(texts).finditer(translation))


@lru_cache(256)
def _standing_any(texts: tuple[str, ...]) -> regex.Pattern[str]:
    """As `standing`, of any of `texts`, the longest first: one search, however many there are."""
    letter = r"[\p{L}\p{N}]"
    before = rf"(?:(?!{letter})|(?<![\p{{Latin}}\p{{N}}]))"
    after = rf"(?:(?<!{letter})|(?=s?(?![\p{{Latin}}\p{{N}}])))"
    return regex.compile(rf"{before}\L<texts>{after}", texts=texts)


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
    closes = {half.pair: half.text for half in halves if half.role == "close"}
    closing: dict[str, set[str]] = {}
    for half in halves:
        if half.role == "open" and half.pair in closes:
            closing.setdefault(half.text, set()).add(closes[half.pair])
    found = _any_of(tuple({half.text for half in halves})).findall(translation)
    numbers: dict[tuple[int, str], int] = {}
    return _paths(found, closing, numbers) == _paths(
        [half.text for half in halves], closing, numbers
    )


@lru_cache(256)
def _any_of(texts: tuple[str, ...]) -> regex.Pattern[str]:
    """Finds any of `texts`, the longest first."""
    return regex.compile(r"\L<texts>", texts=texts)


def _paths(
    halves: Sequence[str],
    closing: Mapping[str, set[str]],
    numbers: dict[tuple[int, str], int],
) -> Counter[int] | None:
    """How often each pair is within which others, for `halves` in order; None where they do not fit
    together. `closing` has what may close each opening half, and `numbers` numbers a pair by that
    of the one around it (0 is none) and its opening half."""
    paths: Counter[int] = Counter()
    stack: list[tuple[str, int]] = []
    for text in halves:
        if stack and text in closing[stack[-1][0]]:
            paths[stack.pop()[1]] += 1
        elif text in closing:
            around = stack[-1][1] if stack else 0
            stack.append((text, numbers.setdefault((around, text), len(numbers) + 1)))
        else:
            return None
    return None if stack else paths
