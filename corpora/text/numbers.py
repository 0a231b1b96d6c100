"""The numbers of a text in digits, so that those of a translation can be compared with them."""

from __future__ import annotations

import unicodedata
from collections import Counter

import regex

_GROUPED = regex.compile(r"(?<![\d.,])\d{1,3}(?:([.,'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?![\d])")
_SEPARATOR = regex.compile(r"\D")
_DIGITS = regex.compile(r"\d+")
_YEAR = regex.compile(r"(?:1[6-9]|20)\d\d")


def _join_groups(match: regex.Match[str]) -> str:
    return str(_SEPARATOR.sub("", match.group()))


def numbers(text: str) -> Counter[str]:
    """The digit strings of `text` in ASCII digits, without separators of thousands."""
    counts: Counter[str] = Counter()
    for match in _DIGITS.finditer(_GROUPED.sub(_join_groups, text)):
        # Digits that are newer than Python's Unicode are left as they are.
        counts["".join(str(unicodedata.decimal(c, c)) for c in match.group())] += 1
    return counts


def has_changed_number(source: str, target: str) -> bool:
    """Whether `target`, a translation of `source`, has another number in the place of one.

    A number that is only missing or only added may be spelt out on the other side. Decimal signs,
    separators of thousands, leading zeros, the order of dates, hours of 12 and of 24, years and
    decades without their century (`1980s`, `80er`) and units of thousands and millions
    (`1.5 million`, `1,500,000`) make no difference.
    """
    if _DIGITS.search(source) is None or _DIGITS.search(target) is None:
        return False
    first, second = (Counter(_significant(numbers(text))) for text in (source, target))
    missing, added = list((first - second).elements()), list((second - first).elements())
    if not missing or not added or _joined(missing) == _joined(added):
        return False
    return not any(_may_be_same(a, b) for a in missing for b in added)


def _joined(parts: list[str]) -> str:
    """The digits of a number that signs cut into `parts`: 6.7 (billion) as 6.700 (millions)."""
    return "".join(parts).rstrip("0")


def _significant(counts: Counter[str]) -> list[str]:
    return [stripped for number in counts.elements() if (stripped := number.lstrip("0"))]


def _may_be_same(first: str, second: str) -> bool:
    """Whether two digit strings that differ may be one number, written in two ways."""
    shorter, longer = sorted((first, second), key=len)
    if longer.rstrip("0") == shorter.rstrip("0") or (
        _YEAR.fullmatch(longer) is not None and longer[2:] == shorter.zfill(2)
    ):
        return True
    values = sorted((int(first), int(second))) if len(longer) < 3 else [0, 0]
    return values[1] - values[0] == 12 and values[1] <= 24
