"""Character classes that decide where words and spans may begin and end."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import regex
from numpy.typing import NDArray

from corpora.text.scripts import UNDELIMITED


class CharClass(IntEnum):
    """The role of a code point at the edges of words and spans."""

    SPACE = 0
    PUNCTUATION = 1
    SYMBOL = 2
    """Symbols, and punctuation that has a meaning at an edge, such as `%` and `#`."""
    WORD = 3
    UNSPACED = 4
    """A letter of a script that is written without spaces."""
    EXTEND = 5
    """Combining marks, joiners, variation selectors: never first in a word or span."""


_CLASSES: tuple[tuple[str, CharClass], ...] = (
    (r"[\p{M}\p{Emoji_Modifier}\u200c\u200d\U000E0020-\U000E007F]", CharClass.EXTEND),
    (r"[%‰‱#&@§°©®]", CharClass.SYMBOL),
    (r"[\p{P}]", CharClass.PUNCTUATION),
    (r"[\p{S}]", CharClass.SYMBOL),
    (f"[{UNDELIMITED}]", CharClass.UNSPACED),
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
