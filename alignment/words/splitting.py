"""Text into words.

A word is a run of letters and digits of one text. Scripts that are written without spaces
(Chinese, Japanese, Thai, Khmer, ...) are cut at every grapheme cluster, Katakana runs excepted;
punctuation and symbols are words of their own. No dictionary and no language list is needed.
"""

from __future__ import annotations

import re

import regex

from alignment.protocol import WordPair, Words
from corpora.text.scripts import UNDELIMITED

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
"""What `_WORD` matches in ASCII text, in a third of its time."""


def split_words(text: str) -> Words:
    """Cut `text` into words, without spaces, by Unicode properties alone."""
    pattern = _ASCII_WORD if text.isascii() else _WORD
    return Words(text, tuple([match.span() for match in pattern.finditer(text)]))


def split_pair(source: str, target: str) -> WordPair:
    """The texts of a sentence pair, `source` and `target`, both cut into words."""
    return WordPair(split_words(source), split_words(target))
