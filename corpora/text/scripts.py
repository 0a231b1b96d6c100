"""Scripts that are written without spaces: character classes for the `regex` module.

The classes have no brackets, so that they can be joined:
`regex.compile(f"[{UNSPACED}0-9]")`.
"""

from __future__ import annotations

CHINESE_JAPANESE_SCRIPTS = frozenset({"Hani", "Hira", "Kana", "Bopo"})
"""ISO 15924 codes of the scripts that put no space between sentences, or next to other scripts."""

_UNICODE_NAMES = {
    "Hani": "Han",
    "Hira": "Hiragana",
    "Kana": "Katakana",
    "Bopo": "Bopomofo",
    "Yiii": "Yi",
    "Thai": "Thai",
    "Laoo": "Lao",
    "Khmr": "Khmer",
    "Mymr": "Myanmar",
    "Tibt": "Tibetan",
    "Bali": "Balinese",
    "Java": "Javanese",
    "Tale": "Tai_Le",
    "Talu": "New_Tai_Lue",
    "Lana": "Tai_Tham",
    "Tavt": "Tai_Viet",
}

UNSPACED_SCRIPTS = frozenset(_UNICODE_NAMES)
"""ISO 15924 codes of the scripts that are written without spaces between words."""

UNSPACED = "".join(rf"\p{{Script={name}}}" for name in _UNICODE_NAMES.values())
"""Characters of the scripts that are written without spaces between words."""

UNDELIMITED = r"\p{Han}\p{Hiragana}\p{Line_Break=SA}"
"""Of those, the letters that have no other marks of words or syllables.

Katakana words are runs of Katakana, and Tibetan has a sign between syllables. `Line_Break=SA` is
Unicode's property of the South East Asian scripts (Unicode Standard Annex 14).
"""
