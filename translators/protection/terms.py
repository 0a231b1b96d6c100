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

    A source term with several lines may be translated by any of its target terms. Raises `UserError`
    with file and line for what is no such line.
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


def stem(word: str, lang: str) -> str:
    """`word` without case and inflection, in the language `lang` (a subtag such as `de`)."""
    word = word.casefold()
    if lang == "de":
        word = word.translate(_UMLAUTS)
    endings = _ENDINGS.get(lang)
    if endings is None:
        cut = max(_SHORTEST + 1, len(word) - _OTHER_ENDINGS)
        return word[:cut] if word.isalpha() else word
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


class TermFinder:
    """Finds terms in texts of a source language, and in their translations."""

    def __init__(self, terms: Sequence[Term], source: str, target: str) -> None:
        """`source` and `target` are the languages (BCP 47) of the `terms`."""
        self._source, self._target = language_subtag(source), language_subtag(target)
        self._by_word: dict[str, list[tuple[tuple[str, ...], Term]]] = {}
        self._unspaced: list[Term] = []
        for term in terms:
            words = tuple(stem(word, self._source) for word in _WORD.findall(term.source))
            if not words or _UNSPACED.search(term.source):
                self._unspaced.append(term)
            else:
                self._by_word.setdefault(words[0], []).append((words, term))
        for entries in self._by_word.values():
            entries.sort(key=lambda entry: (-len(entry[0]), not entry[1].exact))
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
        stems = [stem(text[a:b], self._source) for a, b in spans]
        for at, first in enumerate(stems):
            for words, term in self._by_word.get(first, ()):
                last = at + len(words)
                if tuple(stems[at:last]) != words:
                    continue
                start, end = spans[at][0], spans[last - 1][1]
                if not term.exact or text[start:end].startswith(term.source):
                    yield TermMatch(start, end, term)

    def has(self, term: Term, translation: str) -> bool:
        """Whether one of the targets of `term`, or a form of it, is in `translation`."""
        if term not in self._forms:
            self._forms[term] = self._form(term)
        if not term.exact:
            translation = translation.casefold()
            if self._target == "de":
                translation = translation.translate(_UMLAUTS)
        return self._forms[term].search(translation) is not None

    def _form(self, term: Term) -> regex.Pattern[str]:
        return regex.compile("|".join(self._form_of(target, term.exact) for target in term.targets))

    def _form_of(self, target: str, exact: bool) -> str:
        words = _WORD.findall(target)
        if not words or _UNSPACED.search(target):
            return regex.escape(target if exact else target.casefold())
        stems = [
            (word, "") if exact else (stem(word, self._target), r"\w{0,3}") for word in words
        ]
        compounds = self._target in _COMPOUNDING and len(words) == 1
        if compounds and len(stems[0][0]) >= _LONG_ENOUGH:
            return regex.escape(stems[0][0])
        parts = [regex.escape(word) + more for word, more in stems]
        return r"(?<!\w)" + r"\W+".join(parts) + r"(?!\w)"


def _occurrences(term: Term, text: str) -> Iterable[int]:
    flags = 0 if term.exact else regex.IGNORECASE
    return (match.start() for match in regex.finditer(regex.escape(term.source), text, flags))


def _separate(matches: list[TermMatch]) -> list[TermMatch]:
    result: list[TermMatch] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not result or match.start >= result[-1].end:
            result.append(match)
    return result
