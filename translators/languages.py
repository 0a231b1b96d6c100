"""The language codes of models, and their BCP 47 tags.

A model's codes (`deu_Latn`, `__de__`, `de_DE`, `<2de>`, `>>deu<<`) are read from its vocabulary;
this module gives each its BCP 47 tag, and finds the code for a user's tag. The meaning of
tags, and which mean the same, is in `corpora.text.languages`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import count

import langcodes

from corpora.errors import UserError
from corpora.text.languages import (
    closest_tag,
    default_member,
    language_subtag,
    normalise_tag,
    same_language,
)

_CODE_FIXES = {"zh_cn": "zh", "zh_tw": "zh-Hant", "se_se": "se"}
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
    """The code in `codes` (BCP 47 tag to model code) for the user's `tag`, which may be that code.

    See `closest_tag`: a region or an implied script is ignored (`de-AT` finds `de`, `zh` finds
    `zh-Hans`), but never a different script. Raises `UserError` that names the languages of the
    `model` (its name).
    """
    if tag not in codes and tag in codes.values():
        return tag
    closest = closest_tag(normalise_tag(tag), codes)
    if closest is None:
        raise UserError(f"the model {model} does not know the language {tag!r}", choices=codes)
    return codes[closest]


def language_of_code(code: str) -> str | None:
    """The BCP 47 tag of a `code` that names one language, None for a group of them or none."""
    tag = tag_of_code(code)
    return None if tag is None or language_subtag(tag) in _COLLECTIONS else tag


def tags_of_codes(codes: Iterable[str], *, country_is_noise: bool = False) -> dict[str, str]:
    """BCP 47 tag to code for bare `codes`, in their order, each of which has a tag of its own.

    Of several codes for one tag, the one that is written as the tag has it, else the first. The
    others keep their country (`fr_FR` is `fr-FR` beside `fr`) or, where that does not help, have
    a tag with a private part made from the code (`pt-BR-x-ptbr`). A member of a macrolanguage for
    which the model has a code as well keeps its own tag (NLLB has both `aka_Latn` and `twi_Latn`).
    With `country_is_noise` a code's country means nothing (mBART's `ar_AR`).
    """
    members: dict[str, list[str]] = {}
    for code in dict.fromkeys(codes):
        tag = _tag_of_member(code.split("_")[0] if country_is_noise else code)
        if tag is not None:
            members.setdefault(tag, []).append(code)
    tags: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    for member, same in members.items():
        macrolanguage = _tag_of_macrolanguage(member)
        tag = member if macrolanguage in members else macrolanguage
        same = sorted(same, key=lambda code: _distance_in_spelling(code, member))
        if tag in tags:
            others.append((tag, same[0]))
        else:
            tags[tag] = same[0]
        others += [(tag, code) for code in same[1:]]
    for tag, code in others:
        tags[_free_tag(tag, code, tags)] = code
    return tags


def _distance_in_spelling(code: str, tag: str) -> tuple[bool, bool]:
    """How far `code` is from `tag`: whether it has another name for the language (`hbs` for
    `sr-Latn`), and whether it says more (`fr_FR` for `fr`)."""
    language = langcodes.Language.get(tag).language or tag
    names = {language, langcodes.Language.get(language).to_alpha3()}
    try:
        says_more = normalise_tag(code) != tag
    except UserError:
        says_more = True
    return language_subtag(code.replace("_", "-")) not in names, says_more


def _free_tag(tag: str, code: str, taken: Collection[str]) -> str:
    """A tag for `code` where another code has its `tag`."""
    try:
        full = normalise_tag(code)
    except UserError:
        full = tag
    if full not in taken:
        return full
    private = "-".join(part[:8].lower() for part in re.findall(r"[A-Za-z0-9]+", code))
    candidates = (f"{full}-x-{private}{'-' if n else ''}{n or ''}" for n in count())
    return next(candidate for candidate in candidates if candidate not in taken)


def shared_languages(codes: Mapping[str, str]) -> list[dict[str, str]]:
    """The parts of `codes` (tag to code) of one language and script, where there are several.

    The first tag of each is the one that the language alone means.
    """
    groups: list[dict[str, str]] = []
    for tag in sorted(codes, key=lambda tag: (len(tag), tag)):
        group = next((group for group in groups if same_language(tag, next(iter(group)))), None)
        if group is None:
            groups.append({tag: codes[tag]})
        else:
            group[tag] = codes[tag]
    return [group for group in groups if len(group) > 1]
