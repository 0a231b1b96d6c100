"""The language codes of models, and their BCP 47 tags.

A model's codes (`deu_Latn`, `__de__`, `de_DE`, `<2de>`, `>>deu<<`) are read from its vocabulary;
this module gives each its BCP 47 tag, and finds the code for a user's tag. The meaning of
tags, and which mean the same, is in `corpora.text.languages`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import langcodes

from corpora.errors import UserError
from corpora.text.languages import closest_tag, default_member, language_subtag, normalise_tag

_CODE_FIXES = {"ns": "nso", "zh_cn": "zh", "zh_tw": "zh-Hant", "se_se": "se"}
"""Codes of models that are not, or not quite, language tags."""

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


def tag_of_code(code: str) -> str | None:
    """The BCP 47 tag of a model's bare `code` (`deu_Latn`, `de_DE`, `cmn_Hans`), or None.

    A country is dropped where it adds nothing to the language (`de_DE`), as in mBART's codes.
    The usual member of a macrolanguage has the macrolanguage's tag (`arb_Arab` is `ar`).
    """
    tag = _tag_of_member(code)
    return None if tag is None else _tag_of_macrolanguage(tag)


def _tag_of_member(code: str) -> str | None:
    """`tag_of_code`, except that a member of a macrolanguage keeps its own tag."""
    fixed = _CODE_FIXES.get(code.lower(), code)
    try:
        tag = normalise_tag(fixed.replace("_XX", ""))
    except UserError:
        return None
    language = langcodes.Language.get(tag)
    if language.language in (None, "und", "mul"):
        return None
    if language.territory and "_" in code:
        bare = langcodes.Language.make(language=language.language, script=language.script)
        if bare.maximize().territory == language.territory:
            return str(bare.to_tag())
    return tag


def _tag_of_macrolanguage(tag: str) -> str:
    language = langcodes.Language.get(tag)
    member = language.language or "und"
    macrolanguage = default_member(member)
    if macrolanguage in (member, "nb"):  # models distinguish Norwegian (`no`) from Bokmål
        return tag
    return normalise_tag(language.update_dict({"language": macrolanguage}).to_tag())


def find_language(tag: str, codes: Mapping[str, str], model: str) -> str:
    """The code in `codes` (BCP 47 tag to model code) for the user's `tag`.

    See `closest_tag`: a region or an implied script is ignored (`de-AT` finds `de`, `zh` finds
    `zh-Hans`), but never a different script. Raises `UserError` that names the languages of the
    `model` (its name).
    """
    closest = closest_tag(normalise_tag(tag), codes)
    if closest is None:
        raise UserError(f"the model {model} does not know the language {tag!r}", choices=codes)
    return codes[closest]


def language_of_code(code: str) -> str | None:
    """The BCP 47 tag of a `code` that names one language, None for a group of them or none."""
    tag = tag_of_code(code)
    return None if tag is None or language_subtag(tag) in _COLLECTIONS else tag


def tags_of_codes(codes: Iterable[str]) -> dict[str, str]:
    """BCP 47 tag to code for bare `codes`, in order; of two codes for one tag the first stays.

    A member of a macrolanguage for which the model has a code as well keeps its own tag (NLLB has
    both `aka_Latn` and `twi_Latn`).
    """
    members: dict[str, str] = {}
    for code in codes:
        tag = _tag_of_member(code)
        if tag is not None:
            members.setdefault(tag, code)
    tags: dict[str, str] = {}
    for tag, code in members.items():
        macrolanguage = _tag_of_macrolanguage(tag)
        tags.setdefault(tag if macrolanguage in members else macrolanguage, code)
    return tags
