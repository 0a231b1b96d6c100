"""Offsets in other units than code points: units of UTF-16, as JavaScript and Java count, and bytes
of UTF-8."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from corpora.choices import OffsetUnit

UNIT_NAMES: dict[OffsetUnit, str] = {
    "codepoints": "code points",
    "utf16": "units of UTF-16",
    "bytes": "bytes of UTF-8",
}
"""The units in words."""


class CodePoints:
    """Converts offsets into `text` that count `unit` to such that count code points."""

    def __init__(self, text: str, unit: OffsetUnit) -> None:
        self._length = len(text)
        self._at: list[int] | None = None
        if unit == "utf16" and any(char > "\uffff" for char in text):
            self._at = list(accumulate((1 + (char > "\uffff") for char in text), initial=0))
        elif unit == "bytes" and not text.isascii():
            sizes = (len(char.encode("utf-8", "surrogatepass")) for char in text)
            self._at = list(accumulate(sizes, initial=0))

    def offset(self, offset: int) -> int:
        """The code point at `offset`; one inside of a character is that of its start, and one
        outside of the text stays outside."""
        if self._at is None or offset < 0:
            return offset
        if offset > self._at[-1]:
            return self._length + offset - self._at[-1]
        at = bisect_left(self._at, offset)
        return at if self._at[at] == offset else at - 1


def in_unit(text: str, offsets: Iterable[int], unit: OffsetUnit) -> list[int]:
    """The `offsets` into `text`, which count code points, as such that count `unit`."""
    encoding = {"utf16": "utf-16-le", "bytes": "utf-8"}.get(unit)
    if encoding is None or text.isascii():
        return list(offsets)
    size = 2 if unit == "utf16" else 1
    return [len(text[:at].encode(encoding, "surrogatepass")) // size for at in offsets]
