"""Characters and words: Unicode classes and word cutting.

A word is a run of letters and digits of one text. Scripts that are written without spaces
(Chinese, Japanese, Thai, Khmer, ...) are cut at every grapheme cluster, Katakana runs excepted;
punctuation and symbols are words of their own. No dictionary and no language list is needed.
"""

from __future__ import annotations

import re
from enum import IntEnum

import numpy as np
import regex
from numpy.typing import NDArray

from alignment.protocol import Words
from corpora.text.scripts import UNDELIMITED


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
    (f"[{UNDELIMITED}]", CharClass.UNSPACED),
    (r"[\p{L}\p{N}\p{Co}]", CharClass.WORD),
)
_UNKNOWN = 255
_table: NDArray[np.uint8] = np.full(0x110000, _UNKNOWN, dtype=np.uint8)


def _classify(char: str) -> CharClass:
    for pattern, kind in _CLASSES:
        if regex.match(pattern, char):
            return kind
    return CharClass.SPACE


def code_points(text: str) -> NDArray[np.uint32]:
    """The code points of `text`, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def char_classes(text: str) -> NDArray[np.uint8]:
    """The `CharClass` of every code point, shape (len(text),)."""
    points = code_points(text)
    classes = _table[points]
    if (classes == _UNKNOWN).any():
        for point in np.unique(points[classes == _UNKNOWN]):
            _table[point] = _classify(chr(int(point)))
        classes = _table[points]
    return classes


_WORD = regex.compile(
    rf"""
    [{UNDELIMITED}] [\p{{M}}\u200c\u200d]*                       # one unspaced letter
    | \p{{N}}+ (?: [.,:/\u066b\u066c] \p{{N}}+ )*    # 12.30, 1,000, 24/12
    | (?: [\p{{L}}\p{{N}}\p{{M}}\p{{Co}}\u200c\u200d]
          (?<! [{UNDELIMITED}] ) )+                       # letters of a spaced script
    | (?= \S ) \X                                               # anything else, whole clusters
    """,
    regex.VERBOSE,
)


_ASCII_WORD = re.compile(r"[0-9]+(?:[.,:/][0-9]+)*|[A-Za-z0-9]+|[^ \t-\r]")
"""What `_WORD` finds in ASCII text, in a third of its time."""


def split_words(text: str) -> Words:
    """Cut `text` into words, without spaces, by Unicode properties alone."""
    pattern = _ASCII_WORD if text.isascii() else _WORD
    return Words(text, tuple([match.span() for match in pattern.finditer(text)]))
