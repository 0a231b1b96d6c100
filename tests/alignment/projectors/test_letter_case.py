"""Letters whose case changes their number: Turkish, German, Greek, and all the rest of Unicode."""

from __future__ import annotations

import sys

import pytest

from alignment.projectors import load_projector
from alignment.projectors.features.lexicon import Lexicon, lower_case
from alignment.protocol import ProjectionInput, WordPair, Words
from alignment.words.splitting import split_words
from corpora.records import Span
from tests.helpers.projection_inputs import check_projection, linked_input, placed_texts

CHANGING = [
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if len(char.lower()) > 1 or len(char.upper()) > 1 or len(char.casefold()) > 1
]
"""Every letter whose other case has several code points, such as İ, ß, ŉ, ǰ and ligatures."""
PROJECTORS = ("attention", "aligned", "vote")


def row_of(word: str) -> ProjectionInput:
    """A sentence with `word` as its only span, and a translation that keeps it."""
    source, target = f"see {word} now", f"jetzt {word} sehen"
    spans = [Span(4, 4 + len(word), "LOC")]
    return linked_input(source, target, spans, [(0, 2), (1, 1), (2, 0)])


def test_there_are_such_letters() -> None:
    assert {"İ", "ß", "ŉ", "ǰ", "ﬁ"} <= set(CHANGING)


@pytest.mark.parametrize("name", PROJECTORS)
def test_a_word_that_begins_with_a_letter_whose_case_is_longer(name: str) -> None:
    rows = [row_of(f"{char}stanbul") for char in CHANGING]
    for row, projection in zip(rows, load_projector(name).project(rows), strict=True):
        check_projection(row, projection)
        assert placed_texts(row, projection) == [(row.source[4:-4], "LOC")], row.source


@pytest.mark.parametrize("name", PROJECTORS)
def test_every_letter_of_unicode_that_has_a_case(name: str) -> None:
    cased = [c for c in map(chr, range(sys.maxunicode + 1)) if c.isupper() or c.istitle()]
    assert len(cased) > 1_800
    rows = [row_of(f"{char}a") for char in cased]
    for row, projection in zip(rows, load_projector(name).project(rows), strict=True):
        check_projection(row, projection)


def test_initials_are_compared_letter_by_letter() -> None:
    """The final sigma of `ΣΑΣ` in lower case is another letter than the initial of a word."""
    assert [chr(lower_case(letter)) for letter in "ΣΑΣİẞ"] == ["σ", "α", "σ", "i", "ß"]
    words = Words("İ Σ a", split_words("İ Σ a").offsets)
    lexicon = Lexicon([WordPair(words, words)])
    initials = dict(zip(lexicon.types, lexicon.initial.tolist(), strict=True))
    assert initials == {"İ": ord("i"), "Σ": ord("σ"), "a": 0}
