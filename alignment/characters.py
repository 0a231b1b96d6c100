"""Characters of a text: what class each belongs to, and where grapheme clusters begin and end."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import regex
from numpy.typing import NDArray


class CharClass(IntEnum):
    """What a code point does to word and span edges."""

    SPACE = 0
    PUNCTUATION = 1
    SYMBOL = 2
    """Symbols, and punctuation that carries meaning at an edge, such as `%` and `#`."""
    WORD = 3
    UNSPACED = 4
    """A letter of a script that is written without spaces."""
    EXTEND = 5
    """Combining marks, joiners, variation selectors: never the first of anything."""


_CLASSES: tuple[tuple[str, CharClass], ...] = (
    (r"[\p{M}\p{Emoji_Modifier}\u200c\u200d\U000E0020-\U000E007F]", CharClass.EXTEND),
    (r"[%‰‱#&@§°©®]", CharClass.SYMBOL),
    (r"[\p{P}]", CharClass.PUNCTUATION),
    (r"[\p{S}]", CharClass.SYMBOL),
    (r"[\p{Han}\p{Hiragana}\p{Line_Break=SA}]", CharClass.UNSPACED),
    (r"[\p{L}\p{N}\p{Co}]", CharClass.WORD),
)
_UNKNOWN = 255
_table: NDArray[np.uint8] = np.full(0x110000, _UNKNOWN, dtype=np.uint8)


def _classify(char: str) -> CharClass:
    for pattern, char_class in _CLASSES:
        if regex.match(pattern, char):
            return char_class
    return CharClass.SPACE


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of `text`, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def char_classes(text: str) -> NDArray[np.uint8]:
    """The `CharClass` of every code point of `text`, shape (len(text),)."""
    points = code_points(text)
    classes = _table[points]
    if (classes == _UNKNOWN).any():
        for point in np.unique(points[classes == _UNKNOWN]):
            _table[point] = _classify(chr(int(point)))
        classes = _table[points]
    return classes


_CLUSTER = regex.compile(r"\X")


def _surely_breaks(before: str, after: str) -> bool:
    """Whether there is a boundary between two characters, by a cheap test; False means unknown."""
    # No character below U+0300 extends a cluster, and none below U+0600 is put before one.
    return after < "\u0300" and before < "\u0600" and not (before == "\r" and after == "\n")


def is_boundary(text: str, offset: int) -> bool:
    """Whether code point `offset` lies between two grapheme clusters (UAX 29) of `text`."""
    if offset <= 0 or offset >= len(text):
        return True
    if _surely_breaks(text[offset - 1], text[offset]):
        return True
    # Clusters are short, but one of any length must be right: the window starts where there
    # certainly is a boundary.
    start = offset - 1
    while start > 0 and not _surely_breaks(text[start - 1], text[start]):
        start -= 1
    for match in _CLUSTER.finditer(text, start):
        if match.end() >= offset:
            return bool(match.end() == offset)
    return True


def snap_to_clusters(text: str, start: int, end: int) -> tuple[int, int]:
    """The smallest span around [`start`, `end`) of `text` that splits no grapheme cluster."""
    while not is_boundary(text, start):
        start -= 1
    while not is_boundary(text, end):
        end += 1
    return start, end
