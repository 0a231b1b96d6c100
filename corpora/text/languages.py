"""Language tags (BCP 47): their standard form, and which of them mean the same.

Two tags mean the same language where language and script agree once both are spelt out (`zh` is
`zh-Hans`, `zh-TW` is `zh-Hant`, `sr` is `sr-Cyrl`); regions do not matter. Parsing,
likely scripts, old codes (`iw`) and macrolanguages (`cmn`) are `langcodes`', which follows
Unicode CLDR.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

from corpora.errors import UserError
from corpora.text.scripts import CHINESE_JAPANESE_SCRIPTS, UNSPACED_SCRIPTS

_MORE_MACROLANGUAGES = {"no": "nb", "quy": "qu", "pbt": "ps"}
"""Like `langcodes`' macrolanguages: Norwegian is Bokmål by default; Quechua, Southern Pashto."""

_USUAL_CODES = {"pob": "pt-BR", "ns": "nso", "no-nb": "nb", "no-nn": "nn"}
"""Codes of corpora and models (OPUS, M2M-100) that are no language tags, and their tags."""


@lru_cache(maxsize=4096)
def normalise_tag(tag: str) -> str:
    """The standard form of the BCP 47 `tag` (`DEU` is `de`, `zh_Hans` is `zh-Hans`).

    The usual script of the language is left out (`de-Latn` is `de`). A few codes that are no tags
    but that corpora have are taken too (`pob` is `pt-BR`). Raises `UserError` if it is not a
    language tag.
    """
    try:
        standard = _standard(tag)
        if langcodes.tag_is_valid(standard):
            return str(langcodes.Language.get(standard).simplify_script().to_tag())
    except LanguageTagError:
        pass
    raise UserError(f"{tag!r} is not a language tag (BCP 47), such as 'de', 'pt-BR' or 'zh-Hans'")


def _standard(tag: str) -> str:
    usual = _USUAL_CODES.get(tag.lower().replace("_", "-"), tag)
    return str(langcodes.standardize_tag(usual))


def language_subtag(tag: str) -> str:
    """The language of `tag` alone, in lower case: `zh` of `zh-Hans`."""
    return tag.split("-")[0].lower()


def default_member(language: str) -> str:
    """The one code for a macrolanguage and the member that it means by default.

    `language` is a bare code: `zh` for `cmn`, `ar` for `arb`, `nb` for `no`. Other members (`yue`
    of Chinese, `arz` of Arabic, `nn` of Norwegian) are languages of their own.
    """
    folded = langcodes.Language.get(language).prefer_macrolanguage().language or language
    return _MORE_MACROLANGUAGES.get(folded, folded)


@lru_cache(maxsize=4096)
def _language_and_script(tag: str) -> tuple[str, str | None]:
    """What decides whether tags mean the same; what cannot be parsed means only itself."""
    try:
        language = langcodes.Language.get(_standard(tag))
    except LanguageTagError:
        return tag.lower(), None
    return default_member(language.language or "und"), language.maximize().script


def same_language(first: str, second: str) -> bool:
    """Whether the tags `first` and `second` mean the same language in the same script."""
    return _language_and_script(first) == _language_and_script(second)


def closest_tag(wanted: str, supported: Iterable[str]) -> str | None:
    """The one of the `supported` tags that fits `wanted` best; None if none fits.

    The tag itself wins; else it is one of the same language and script, and of several the one
    with the nearest region (CLDR's distance, by `langcodes`), then the one that names its script
    as `wanted` does, then the shortest.
    """
    tags = list(supported)
    if wanted in tags:
        return wanted
    same = [tag for tag in tags if same_language(wanted, tag)]
    if not same:
        return None
    script = _named_script(wanted)
    return min(
        same,
        key=lambda tag: (_distance(wanted, tag), _named_script(tag) != script, len(tag), tag),
    )


def _named_script(tag: str) -> str | None:
    try:
        return langcodes.Language.get(tag).script
    except LanguageTagError:
        return None


def _distance(wanted: str, tag: str) -> int:
    try:
        return langcodes.tag_distance(wanted, tag)
    except LanguageTagError:
        return 0


@lru_cache(maxsize=4096)
def scripts_of(tag: str) -> tuple[str, ...]:
    """ISO 15924 codes of the scripts that the language of `tag` is written in; CLDR's likely ones.

    The main script comes first. What cannot be parsed is taken to be in Latin script.
    """
    try:
        script = langcodes.Language.get(tag).maximize().script or "Latn"
    except LanguageTagError:
        script = "Latn"
    return {
        "Jpan": ("Hani", "Hira", "Kana"),
        "Kore": ("Hang", "Hani"),
        "Hans": ("Hani",),
        "Hant": ("Hani",),
    }.get(script, (script,))


def is_unspaced(tag: str) -> bool:
    """Whether the language of `tag` is written without spaces between words (Thai, Chinese)."""
    return scripts_of(tag)[0] in UNSPACED_SCRIPTS


def joins_sentences(tag: str) -> bool:
    """Whether the language of `tag` puts no space between sentences (Chinese, Japanese).

    Thai and its neighbours, which put none between words, do put one there.
    """
    return scripts_of(tag)[0] in CHINESE_JAPANESE_SCRIPTS
