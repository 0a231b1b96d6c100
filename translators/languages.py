"""BCP 47 tags outside, each model's own language codes inside.

Parsing and normalising is left to `langcodes`. A model's codes (`deu_Latn`, `__de__`, `de_DE`,
`<2de>`, `>>deu<<`) are read from its vocabulary; this module gives each its BCP 47 tag, and finds
the code a user's tag asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

from corpora.errors import UserError

_CODE_FIXES = {"ns": "nso", "zh_cn": "zh", "zh_tw": "zh-Hant", "se_se": "se"}
"""Codes of models that are not, or not quite, language tags."""

_SAME = {
    "no": "nb", "cmn": "zh", "arb": "ar", "pes": "fa", "lvs": "lv", "zsm": "ms", "swh": "sw",
    "uzn": "uz", "khk": "mn", "npi": "ne", "ory": "or", "azj": "az", "als": "sq", "ekk": "et",
    "gaz": "om", "plt": "mg", "kmr": "ku", "quy": "qu", "ydd": "yi", "pbt": "ps", "ayr": "ay",
}  # fmt: skip
"""The member that a macrolanguage means by default, either way round (ISO 639-3, CLDR aliases).

Other members (`yue` of Chinese, `arz` of Arabic) are languages of their own.
"""

_COLLECTIONS = frozenset({
    "aav", "afa", "alg", "alv", "apa", "aqa", "aql", "art", "ath", "auf", "aus", "awd", "azc",
    "bad", "bai", "bat", "ber", "bih", "bnt", "btk", "cai", "cau", "cba", "ccn", "ccs", "cdc",
    "cdd", "cel", "cmc", "cpe", "cpf", "cpp", "crp", "csu", "cus", "day", "dmn", "dra", "egx",
    "esx", "euq", "fiu", "fox", "gem", "gme", "gmq", "gmw", "grk", "hmx", "hok", "hyx", "iir",
    "ijo", "inc", "ine", "ira", "iro", "itc", "jpx", "kar", "kdo", "khi", "kro", "map", "mkh",
    "mno", "mul", "mun", "myn", "nah", "nai", "ngf", "nic", "nub", "omq", "omv", "oto", "paa",
    "phi", "plf", "poz", "pqe", "pqw", "pra", "qwe", "roa", "sai", "sal", "sdv", "sem", "sgn",
    "sio", "sit", "sla", "smi", "son", "sqj", "ssa", "syd", "tai", "tbq", "trk", "tup", "tut",
    "tuw", "urj", "wak", "wen", "xgn", "xnd", "ypk", "zhx", "zle", "zls", "zlw", "znd",
})  # fmt: skip
"""Codes of families and groups of languages (ISO 639-5), which no text is written in."""


@lru_cache(maxsize=4096)
def normalise_tag(tag: str) -> str:
    """The standard form of a BCP 47 tag (`DEU` is `de`, `zh_Hans` is `zh-Hans`).

    A script that goes without saying is left out (`de-Latn` is `de`). Raises `UserError` for what
    is no language tag.
    """
    try:
        standard = langcodes.standardize_tag(tag)
        if langcodes.tag_is_valid(standard):
            return str(langcodes.Language.get(standard).simplify_script().to_tag())
    except LanguageTagError:
        pass
    raise UserError(f"{tag!r} is not a language tag (BCP 47), such as 'de', 'pt-BR' or 'zh-Hans'")


def tag_of_code(code: str) -> str | None:
    """The BCP 47 tag of a model's bare code (`deu_Latn`, `de_DE`, `cmn_Hans`), or None.

    A country is dropped where it only dresses the language up (`de_DE`), as mBART's codes do.
    """
    fixed = _CODE_FIXES.get(code.lower(), code)
    try:
        tag = normalise_tag(fixed.replace("_XX", ""))
    except UserError:
        return None
    language = langcodes.Language.get(tag)
    if language.language in (None, "und", "mul"):
        return None
    if _SAME.get(language.language) not in (None, "nb"):
        language = langcodes.Language.get(tag).update_dict({"language": _SAME[language.language]})
        tag = normalise_tag(language.to_tag())
    if language.territory and "_" in code:
        bare = langcodes.Language.make(language=language.language, script=language.script)
        if bare.maximize().territory == language.territory:
            return str(bare.to_tag())
    return tag


@lru_cache(maxsize=4096)
def _comparable(tag: str) -> tuple[str | None, str | None]:
    """Language and script, both spelt out, macrolanguages folded."""
    language = langcodes.Language.get(tag)
    full = language.maximize()
    return _fold(language.language), full.script


def _fold(language: str | None) -> str | None:
    return _SAME.get(language or "", language)


def find_language(tag: str, known: Mapping[str, str], model: str) -> str:
    """The code in `known` (BCP 47 tag to model code) for the user's `tag`.

    Exact tags win; else a region or an implied script is looked past (`de-AT` finds `de`, `zh`
    finds `zh-Hans`), never a script that differs. Raises `UserError` naming the model's languages.
    """
    wanted = normalise_tag(tag)
    if wanted in known:
        return known[wanted]
    same = [key for key in known if _comparable(key) == _comparable(wanted)]
    if same:
        return known[min(same, key=lambda key: (len(key), key))]
    raise UserError(f"the model {model} does not know the language {tag!r}", choices=known)


def language_of_code(code: str) -> str | None:
    """The BCP 47 tag of a code that names one language, None for a group of them or none."""
    tag = tag_of_code(code)
    return None if tag is None or tag.split("-")[0] in _COLLECTIONS else tag


def same_language(one: str, other: str) -> bool:
    """Whether two tags mean the same language in the same script."""
    return _comparable(normalise_tag(one)) == _comparable(normalise_tag(other))


def tags_of_codes(codes: Iterable[str]) -> dict[str, str]:
    """BCP 47 tag to code for bare codes, in order; of two codes for one tag the first stays."""
    found: dict[str, str] = {}
    for code in codes:
        tag = tag_of_code(code)
        if tag is not None:
            found.setdefault(tag, code)
    return found
