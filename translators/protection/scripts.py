"""Which scripts and signs a model has no pieces for, from its vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import regex

from translators.pieces.codec import CONTROL_PIECE
from translators.protection.items import Item
from translators.vocabulary import read_vocabulary

_SCRIPTS = (
    "Latin", "Cyrillic", "Greek", "Armenian", "Georgian", "Hebrew", "Arabic", "Syriac", "Thaana",
    "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada",
    "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan", "Myanmar", "Khmer", "Ethiopic", "Cherokee",
    "Mongolian", "Hangul", "Hiragana", "Katakana", "Bopomofo", "Han", "Yi", "Nko", "Tifinagh",
)  # fmt: skip
_LEAST_LETTERS = 8
"""A script is the model's if so many of its letters are in pieces."""
_NOT_TEXT = regex.compile(rf"<0x[0-9A-F]{{2}}>|{CONTROL_PIECE.pattern}")
_SIGN = r"[\p{So}\p{Sm}\p{Sc}\p{No}&&[^\x00-\x7f]]"


class UnwritableFinder:
    """Finds words in scripts, and signs, that a model would have to spell byte by byte."""

    def __init__(self, vocabularies: Iterable[Iterable[str]]) -> None:
        """`vocabularies` are those of the models: what one of them lacks counts."""
        alternatives = []
        lacking: set[str] = set()
        signs: set[str] | None = None
        for vocabulary in vocabularies:
            chars = set("".join(p for p in vocabulary if _NOT_TEXT.fullmatch(p) is None))
            text = "".join(chars)
            lacking |= {
                script
                for script in _SCRIPTS
                if len(regex.findall(rf"[\p{{Script={script}}}&&\p{{L}}]", text, regex.V1))
                < _LEAST_LETTERS
            }
            written = set(regex.findall(_SIGN, text, regex.V1))
            signs = written if signs is None else signs & written
        if lacking:
            letters = "".join(rf"\p{{Script={script}}}" for script in sorted(lacking))
            alternatives.append(rf"(?P<word>[{letters}][{letters}\p{{M}}\u200c\u200d·]*)")
        listed = "".join(regex.escape(sign) for sign in sorted(signs or ()))
        but = f"--[{listed}]" if listed else ""
        alternatives.append(rf"(?P<symbol>[{_SIGN[1:-1]}{but}]+)")
        self._pattern = regex.compile("|".join(alternatives), regex.V1)

    def find(self, text: str) -> list[Item]:
        """The words and signs of `text` that the model cannot write."""
        if text.isascii():
            return []
        return [
            Item(
                match.start(),
                match.end(),
                match[0],
                "word" if match.lastgroup == "word" else "symbol",
            )
            for match in self._pattern.finditer(text)
        ]


@lru_cache
def unwritable_finder(folders: tuple[tuple[Path, str], ...]) -> UnwritableFinder:
    """The finder for the models in `folders`, each with its content hash; made once."""
    return UnwritableFinder(read_vocabulary(folder) for folder, _ in folders)
