"""Abbreviations after which no sentence ends, by language: what `sentencex` lacks.

The lists are ours: titles, references and phrases that the spelling rules and dictionaries of each
language give with a full stop. They have only what cannot be a sentence's last word in ordinary
text; `etc.` and its like are in no list. Written without the last stop, in lower case; a
capital is one that must be there (`M.`, for `m.` is a metre).
"""

from __future__ import annotations

import regex

from corpora.text.languages import language_subtag

_ALWAYS: dict[str, str] = {
    "cs": "mudr judr phdr rndr ing mgr bc doc prof dr p sl pí např tj tzv resp popř",
    "da": "hr fr dr prof f.eks bl.a dvs d.v.s vedr jf mht",
    "de": "dr prof hr fr frl dipl.-ing z.b d.h bzw vgl sog evtl ggf insb",
    "en": "dr mr mrs ms prof rev messrs e.g i.e cf vs",
    "es": "sr sra srta sres d dña dr dra prof profa ing lic p.ej ee avda",
    "fi": "esim ts tri prof toht ns",
    "fr": "M mm mme mmes mlle mlles dr drs pr prof me mes mgr st ste p.ex c.-à-d cf éd",
    "hr": "dr prof mr gđa npr tj tzv",
    "hu": "dr prof ifj id pl vö",
    "it": "sig sigg sig.ra sig.na dott dott.ssa prof prof.ssa avv ing arch on geom ad.es es cfr",
    "lt": "pvz t.y prof dr",
    "nb": "hr fr dr prof f.eks bl.a dvs jf",
    "nl": "dhr mevr mw mej dr drs prof ir ing mr bijv d.w.z m.a.w m.b.t o.a t.a.v jhr ds",
    "nn": "hr fr dr prof t.d bl.a dvs jf",
    "no": "hr fr dr prof f.eks bl.a dvs jf",
    "pl": "dr prof inż mgr hab płk gen ks ul al pl tj np m.in tzw św im godz wg por zob",
    "pt": "sr sra srta sres dr dra drs prof profa eng exmo exma av d p.ex ex",
    "ro": "dl dna dra dr prof ing d-na d-ra d-l str ex",
    "ru": "ул просп пл проф акад доц т.е т.к т.н напр ср стр д-р г-н г-жа",
    "sk": "mudr judr phdr ing mgr doc prof dr napr tj tzv",
    "sl": "dr prof mag inž npr t.i oz tj",
    "sv": "hr fr dr prof t.ex bl.a d.v.s dvs s.k jfr fr.o.m t.o.m",
    "tr": "dr prof doç yrd av sn örn bkz alb gen op müh",
    "uk": "вул просп пл проф акад доц ім т.зв напр див стор",
}  # fmt: skip
"""Titles before a name, and words that open an example or a reference."""
_BEFORE_NUMBERS: dict[str, str] = {
    "cs": "č čl odst str obr tab kap ca",
    "da": "nr s kap stk bd ca kl",
    "de": "nr s abb abs bd kap tab ca",
    "en": "vol vols p pp fig figs ch eq approx ca",
    "es": "n.º núm art pág págs cap fig vol aprox",
    "fi": "n s nro kpl",
    "fr": "n no art p pp vol chap fig tél env av",
    "it": "n nn art artt pag pagg p pp vol cap fig",
    "nb": "nr s kap bd ca kl",
    "nl": "nr nrs blz p pag art afb ca vol",
    "no": "nr s kap bd ca kl",
    "pl": "nr str s art ust rys tab rozdz ok tel",
    "pt": "n n.º art pág págs cap fig vol",
    "ru": "с ст п пп т гл рис кв д тел",
    "ro": "nr art pag fig cap",
    "sv": "nr s kap bd ca kl",
    "tr": "no s sf md",
}
"""What ends no sentence where a number follows: `vol. 2`."""

_LONGEST = 24
"""No abbreviation is longer than so many characters."""


def _sets(lists: dict[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in lists.items()}


_ALWAYS_SETS, _NUMBER_SETS = _sets(_ALWAYS), _sets(_BEFORE_NUMBERS)
_LAST_TOKENS = regex.compile(
    r"(?:^|[\s(\[{«„“”\"‘'’/—–-])((?:\p{L}\.\s)*)"
    r"([\p{L}\p{N}][\p{L}\p{M}\p{N}.\-º]*)\.\s*\Z"
)
"""The last token before a stop, and the single letters with stops before it (`т. е.`)."""


def ends_in_abbreviation(text: str, following: str, lang: str) -> bool:
    """Whether `text` ends in an abbreviation that goes on with `following`, and ends no sentence.

    `lang` is a BCP 47 tag.
    """
    code = language_subtag(lang)
    always, numbered = _ALWAYS_SETS.get(code), _NUMBER_SETS.get(code)
    if always is None and numbered is None:
        return False
    match = _LAST_TOKENS.search(text, max(0, len(text) - _LONGEST))
    if match is None:
        return False
    words = {match[2], match[2].lower(), regex.sub(r"\s", "", match[1] + match[2]).lower()}
    if always is not None and not always.isdisjoint(words):
        return True
    goes_on = following.lstrip()[:1].isdigit()
    return goes_on and numbered is not None and not numbered.isdisjoint(words)
