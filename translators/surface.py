"""What the surface of a translation must not show, whatever it says: `characters`, `marker`,
`script`, `number`, and words left in the source language (`copy`).

Each test is of one fault that a translation kept as training data would teach; how often each is
right is in `benchmarks/RESULTS.md`, by `benchmarks/guards.py`.
"""

from __future__ import annotations

from functools import lru_cache

import regex

from corpora.text.languages import scripts_of
from corpora.text.numbers import has_changed_number

_BROKEN = regex.compile(r"[\ufffd\p{Cc}\p{Noncharacter_Code_Point}]")
_MARKER = regex.compile(
    r"[⟦⟧⟨⟩⦃⦄⦅⦆]|</?(?:s|unk|pad|mask)>|<extra_id_\d+>|<2[a-z]{2,3}>|>>[\w-]+<<|__[a-z]{2,3}__"
)
"""Projection markers, and what the vocabularies of the families write control tokens as."""
_WORDS = regex.compile(r"\p{L}[\p{L}\p{M}'’-]*")
MIN_COPY_WORDS = 4
"""Fewer words may be names, or the same in both languages."""
COPIED_SHARE = 0.75
"""Share of the source's words that a translation may have too, in small letters and not as names;
languages as close as Danish and Norwegian stay below it."""
FOREIGN_LETTERS = 2
"""Letters of another script, which the source lacks, that a translation may not have."""
MIN_IN_SCRIPT = 0.3
"""Least share of letters in the language's script, in a translation of some words."""


def surface_flags(source: str, target: str, lang: str, *, same_language: bool) -> list[str]:
    """The faults that the surface of `target` shows, as a translation of `source` to `lang`.

    `lang` is a BCP 47 tag; `same_language` says that the source is in it too, where a copy is no
    mistake.
    """
    flags = []
    plain = target.isascii() and target.isprintable()
    if not plain and lacks(source, _BROKEN.findall(target)):
        flags.append("characters")
    if (not plain or "<" in target or "__" in target) and lacks(source, _MARKER.findall(target)):
        flags.append("marker")
    if has_wrong_script(source, target, lang):
        flags.append("script")
    if has_changed_number(source, target):
        flags.append("number")
    if not same_language and is_mostly_copied(source, target):
        flags.append("copy")
    return flags


def lacks(source: str, symbols: list[str]) -> bool:
    """Whether `source` lacks one of the `symbols`."""
    return any(symbol not in source for symbol in symbols)


@lru_cache(maxsize=256)
def _script_patterns(lang: str) -> tuple[bool, regex.Pattern[str], regex.Pattern[str]]:
    """Whether the script of `lang` is Latin, its letters, and letters of other scripts.

    Letters that Unicode gives no script (Common) and Latin ones, as in names, are never others.
    """
    scripts = scripts_of(lang)
    own = "".join(rf"\p{{sc={script}}}" for script in scripts)
    letters = regex.compile(rf"[\p{{L}}&&[{own}\p{{sc=Zyyy}}]]", flags=regex.V1)
    others = regex.compile(rf"[\p{{L}}--[{own}\p{{sc=Zyyy}}\p{{sc=Zinh}}\p{{sc=Latn}}]]", regex.V1)
    return "Latn" in scripts, letters, others


def has_wrong_script(source: str, target: str, lang: str) -> bool:
    """Whether `target` has letters that neither its language `lang` (BCP 47) is written with nor
    `source` has, or a whole text in Latin script where that is another one's."""
    is_latin, letters, others = _script_patterns(lang)
    if is_latin and target.isascii():
        return False
    strangers = [char for char in others.findall(target) if char not in source]
    if len(strangers) >= FOREIGN_LETTERS:
        return True
    if is_latin:
        return False
    words = _WORDS.findall(target)
    plain = [word for word in words if word.isascii() and word.islower()]
    if len(plain) < MIN_COPY_WORDS:
        return False
    total = sum(map(len, words))
    return len(letters.findall(target)) < MIN_IN_SCRIPT * total


def is_mostly_copied(source: str, target: str) -> bool:
    """Whether most words of `source` that should change are in `target`, whatever their case.

    Words with a capital may be names; they count only in a text that is mostly capitals.
    """
    # Nearly all pairs share no two words, punctuation left on, and need no closer look.
    if len({*source.lower().split()}.intersection(target.lower().split())) < 2:
        return False
    words = _WORDS.findall(source)
    if len(words) < MIN_COPY_WORDS:
        return False
    if source.isupper():
        words = [word.lower() for word in words]
    small = [word for word in words if word[0].islower()]
    changing = set(small)
    # Most of the text must be such words: a Chinese sentence may name four English ones.
    if len(changing) < MIN_COPY_WORDS or 2 * sum(map(len, small)) < sum(map(len, words)):
        return False
    copied = changing.intersection(_WORDS.findall(target.lower()))
    return len(copied) > COPIED_SHARE * len(changing)
