"""Forms of texts: the one in which surface differences vanish, and what no reader sees."""

from __future__ import annotations

import unicodedata

INVISIBLE = "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Soft hyphens, zero-width spaces and direction marks, as the inside of a character class.

Zero-width joiners are not among them: words of some scripts are spelt with them.
"""


def fold(text: str) -> str:
    """`text` with compatibility forms (full width, ligatures) and case folded: NFKC, casefold."""
    return unicodedata.normalize("NFKC", text).casefold()


def is_plain(text: str) -> bool:
    """Whether `text` is printable, has no space but U+0020, and is the same in NFC and NFKC.

    Nearly every text is, and the test takes well under a microsecond.
    """
    return text.isprintable() and (text.isascii() or unicodedata.is_normalized("NFKC", text))
