"""A list of terms: which source term is to be translated by which target term.

Terms are compared word by word without their inflection, so that `bridges` is the term `bridge` and
`Brücken` a form of `Brücke`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from corpora.errors import UserError
from corpora.readers.streams import text_lines
from corpora.text.languages import language_subtag
from corpora.text.scripts import UNSPACED

CASE_RULES = ("any", "exact")
_ENDINGS: dict[str, tuple[str, ...]] = {
    "en": ("ies", "ied", "ing", "'s", "’s", "es", "ed", "s", "y", "e"),
    "de": ("ern", "em", "en", "er", "es", "e", "n", "s"),
    "nl": ("en", "e", "s", "'s"),
    "sv": ("arna", "erna", "orna", "ar", "er", "or", "en", "et", "na", "n", "t", "a", "s"),
    "da": ("erne", "ene", "er", "en", "et", "e", "s"),
    "nb": ("ene", "er", "en", "et", "a", "e", "s"),
    "fr": ("aux", "es", "s", "x", "e", "al"),
    "es": ("es", "as", "os", "a", "o", "s"),
    "it": ("i", "e", "a", "o"),
    "pt": ("es", "as", "os", "ões", "ão", "a", "o", "s"),
}
_VERBAL = frozenset({"ing", "ed", "ied"})
_OTHER_ENDINGS = 2
"""Letters that any other language may add to a word of some length, or exchange in it."""
_SHORTEST = 3
_COMPOUNDING = frozenset({"de", "nl", "sv", "da", "nb", "nn", "no", "fi", "hu", "is", "et"})
"""Languages that write a compound as a word, in which a term may be a part."""
_LONG_ENOUGH = 4
"""Letters of a term that may be part of a compound."""
_WORD = regex.compile(r"[\w]+(?:['’]s\b)?")
_UNSPACED = regex.compile(f"[{UNSPACED}]")
_UMLAUTS = str.maketrans("äöü", "aou")


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the source language and what it is to be in the target language."""

    source: str
    targets: tuple[str, ...]
    """The first is written where none of them is used."""
    exact: bool = False
    """Whether case counts, on both sides."""


@dataclass(frozen=True, slots=True)
class TermMatch:
    """A term at [start, end) of a text."""

    start: int
    end: int
    term: Term


def read_terms(path: Path) -> tuple[Term, ...]:
    """The terms in the file `path`: tab-separated source term, target term and perhaps a case rule
    (`any` or `exact`), one a line.

    A source term with several lines may be translated by any of its target terms. Raises
    `UserError` with file and line for what is no such line.
    """
    terms: dict[tuple[str, bool], list[str]] = {}
    for number, line in enumerate(text_lines(path), start=1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) not in (2, 3):
            problem = f"{len(columns)} columns: a line is source term, target term, case rule"
            raise UserError(f"{problem} (which may be left out)", file=path, line=number)
        if not columns[0] or not columns[1]:
            raise UserError("a term is empty", file=path, line=number)
        rule = columns[2] if len(columns) == 3 and columns[2] else "any"
        if rule not in CASE_RULES:
            raise UserError(
                f"unknown case rule {rule!r}", file=path, line=number, choices=CASE_RULES
            )
        targets = terms.setdefault((columns[0], rule == "exact"), [])
        if columns[1] not in targets:
            targets.append(columns[1])
    if not terms:
        raise UserError("there is no term in it", file=path)
    return tuple(Term(source, tuple(targets), exact) for (source, exact), targets in terms.items())


def read_kept(path: Path) -> tuple[str, ...]:
    """The terms to keep as they are in the file `path`, one a line; raises `UserError` where there
    is none."""
    kept = tuple(dict.fromkeys(line.strip() for line in text_lines(path) if line.strip()))
    if not kept:
        raise UserError("there is no term in it", file=path)
    return kept


def stems(word: str, lang: str, *, least: int = _SHORTEST) -> frozenset[str]:
    """`word` without case and with each ending of the language `lang` (a subtag such as `de`) taken
    off that leaves `least` letters, and as it is."""
    word = _folded(word, lang)
    endings = _ENDINGS.get(lang)
    if endings is None:
        cut = min(_OTHER_ENDINGS, len(word) - _SHORTEST - 1) if word.isalpha() else 0
        return frozenset(word[: len(word) - n] for n in range(max(0, cut) + 1))
    shorter = (word.removesuffix(ending) for ending in endings)
    return frozenset((word, *(short for short in shorter if len(short) >= least)))


def _term_stems(word: str, lang: str) -> frozenset[str]:
    """The stems of a word of a term: without the endings of number and case alone, so that
    `meeting` is no form of `meet`."""
    return frozenset(
        short
        for short in stems(word, lang, least=_SHORTEST + 1)
        if lang != "en" or _folded(word, lang)[len(short) :] not in _VERBAL
    )


def _folded(word: str, lang: str) -> str:
    word = word.casefold()
    return word.translate(_UMLAUTS) if lang == "de" else word


class TermFinder:
    """Finds terms in texts of a source language, and in their translations."""

    def __init__(self, terms: Sequence[Term], source: str, target: str) -> None:
        """`source` and `target` are the languages (BCP 47) of the `terms`."""
        self._source, self._target = language_subtag(source), language_subtag(target)
        self._by_word: dict[str, list[tuple[tuple[frozenset[str], ...], Term]]] = {}
        self._unspaced: list[Term] = []
        for term in terms:
            words = tuple(_term_stems(word, self._source) for word in _WORD.findall(term.source))
            if not words or _UNSPACED.search(term.source):
                self._unspaced.append(term)
                continue
            for first in words[0]:
                self._by_word.setdefault(first, []).append((words, term))
        self._forms: dict[Term, regex.Pattern[str]] = {}

    def find(self, text: str) -> list[TermMatch]:
        """The terms in `text`, in order; of those that overlap, the first and longest."""
        matches = [
            TermMatch(at, at + len(term.source), term)
            for term in self._unspaced
            for at in _occurrences(term, text)
        ]
        if self._by_word:
            matches += self._find_words(text)
        return _separate(matches)

    def _find_words(self, text: str) -> Iterable[TermMatch]:
        spans = [match.span() for match in _WORD.finditer(text)]
        forms = [stems(text[a:b], self._source) for a, b in spans]
        for at, first in enumerate(forms):
            entries = {entry for form in first for entry in self._by_word.get(form, ())}
            for words, term in entries:
                last = at + len(words)
                inside = forms[at:last]
                if len(inside) < len(words) or any(map(frozenset.isdisjoint, inside, words)):
                    continue
                start, end = spans[at][0], spans[last - 1][1]
                if not term.exact or text[start:end].startswith(term.source):
                    yield TermMatch(start, end, term)

    def has(self, term: Term, translation: str) -> bool:
        """Whether one of the targets of `term`, or a form of it, is in `translation`."""
        if term not in self._forms:
            self._forms[term] = self._form(term)
        if not term.exact:
            translation = _folded(translation, self._target)
        return self._forms[term].search(translation) is not None

    def _form(self, term: Term) -> regex.Pattern[str]:
        return regex.compile("|".join(self._form_of(target, term.exact) for target in term.targets))

    def _form_of(self, target: str, exact: bool) -> str:
        words = _WORD.findall(target)
        if not words or _UNSPACED.search(target):
            return str(regex.escape(target if exact else target.casefold()))
        shortest = [
            (word, "") if exact else (min(_term_stems(word, self._target), key=len), r"\w{0,3}")
            for word in words
        ]
        compounds = self._target in _COMPOUNDING and len(words) == 1
        if compounds and len(shortest[0][0]) >= _LONG_ENOUGH:
            return str(regex.escape(shortest[0][0]))
        parts = [regex.escape(word) + more for word, more in shortest]
        return r"(?<!\w)" + r"\W+".join(parts) + r"(?!\w)"


def _occurrences(term: Term, text: str) -> Iterable[int]:
    flags = 0 if term.exact else regex.IGNORECASE
    return (match.start() for match in regex.finditer(regex.escape(term.source), text, flags))


def _separate(matches: list[TermMatch]) -> list[TermMatch]:
    result: list[TermMatch] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end, not match.term.exact)):
        if not result or match.start >= result[-1].end:
            result.append(match)
    return result
