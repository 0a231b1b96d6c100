"""The languages of real models: every code is reachable, and scripts are never mixed up.

The tables of NLLB-200, M2M-100, WMT21 and mBART are those in `transformers`; OPUS codes are those
of its multilingual models.
"""

from __future__ import annotations

import pytest
from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M_TABLES
from transformers.models.mbart.tokenization_mbart import FAIRSEQ_LANGUAGE_CODES as MBART25
from transformers.models.mbart50.tokenization_mbart50 import FAIRSEQ_LANGUAGE_CODES as MBART50
from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

from corpora.errors import UserError
from corpora.text.languages import normalise_tag
from translators.families import FAMILIES, FamilyName
from translators.languages import find_language, shared_languages

ROMANCE = [
    "fr",
    "fr_BE",
    "fr_CA",
    "fr_FR",
    "wa",
    "oc",
    "ca",
    "rm",
    "lld",
    "fur",
    "lij",
    "lmo",
    "es",
    "es_AR",
    "es_CL",
    "es_CO",
    "es_ES",
    "es_MX",
    "pt",
    "pt_br",
    "pt_BR",
    "pt_PT",
    "gl",
    "lad",
    "an",
    "mwl",
    "it",
    "it_IT",
    "co",
    "nap",
    "scn",
    "vec",
    "sc",
    "ro",
    "la",
]
"""Of an older model, which has a country for some of its data."""
WESTERN = [
    "deu",
    "nld",
    "afr",
    "fry",
    "ltz",
    "nds",
    "gos",
    "swe",
    "dan",
    "nob",
    "nno",
    "isl",
    "fao",
    "por",
    "pob",
    "spa",
    "fra",
    "ita",
]
SLAVIC = [
    "srp_Cyrl",
    "srp_Latn",
    "hbs",
    "hrv",
    "bos_Latn",
    "slv",
    "mkd",
    "bul",
    "rus",
    "ukr",
    "bel",
    "bel_Latn",
    "pol",
    "ces",
    "slk",
]
ASIAN = [
    "cmn_Hans",
    "cmn_Hant",
    "cmn",
    "yue_Hans",
    "yue_Hant",
    "zho",
    "jpn",
    "kor",
    "vie",
    "ind",
    "zsm_Latn",
    "tgl_Latn",
]
NORTHERN = ["no", "nb", "nb_NO", "nn", "nn_NO", "no_nb", "sv", "da", "is", "fo"]

TABLES: dict[str, tuple[FamilyName, list[str]]] = {
    "nllb": ("nllb", list(NLLB)),
    "m2m100": ("m2m100", M2M_TABLES["m2m100"]),
    "wmt21": ("m2m100", M2M_TABLES["wmt21"]),
    "mbart50": ("mbart50", list(MBART50)),
    "mbart25": ("mbart25", list(MBART25)),
    "romance": ("marian", ROMANCE),
    "western": ("marian", WESTERN),
    "slavic": ("marian", SLAVIC),
    "asian": ("marian", ASIAN),
    "northern": ("marian", NORTHERN),
}


def codes_of(table: str) -> dict[str, str]:
    name, codes = TABLES[table]
    family = FAMILIES[name]
    return family.codes(map(family.language_token, codes))


@pytest.mark.parametrize("table", TABLES)
def test_every_code_has_a_tag_of_its_own_and_is_a_valid_target_itself(table: str) -> None:
    codes = codes_of(table)
    assert sorted(codes.values()) == sorted(TABLES[table][1])
    shared = shared_languages(codes)
    for tag, code in codes.items():
        assert find_language(tag, codes, "m") == code
        assert find_language(code, codes, "m") == code or codes.get(code) is not None
        assert normalise_tag(tag) == tag
        # As a command takes it, which writes it as a tag first; of several codes for one language,
        # `models add` tells the tags.
        if not any(code in group.values() for group in shared):
            assert find_language(normalise_tag(code), codes, "m") == code


@pytest.mark.parametrize(
    ("table", "tag", "code"),
    [
        ("nllb", "zh", "zho_Hans"), ("nllb", "zh-Hans", "zho_Hans"), ("nllb", "zh-CN", "zho_Hans"),
        ("nllb", "zh-Hant", "zho_Hant"), ("nllb", "zh-TW", "zho_Hant"), ("nllb", "yue", "yue_Hant"),
        ("nllb", "sr", "srp_Cyrl"), ("nllb", "sr-Cyrl", "srp_Cyrl"), ("nllb", "nb", "nob_Latn"),
        ("nllb", "no", "nob_Latn"), ("nllb", "nn", "nno_Latn"), ("nllb", "pt-BR", "por_Latn"),
        ("nllb", "ar", "arb_Arab"), ("nllb", "fa", "pes_Arab"), ("nllb", "fa-AF", "prs_Arab"),
        ("m2m100", "zh", "zh"), ("m2m100", "zh-Hans", "zh"), ("m2m100", "sr-Cyrl", "sr"),
        ("m2m100", "no", "no"), ("m2m100", "nb", "no"), ("m2m100", "nso", "ns"),
        ("mbart50", "zh-Hans", "zh_CN"), ("mbart50", "pt-BR", "pt_XX"), ("mbart25", "zh", "zh_CN"),
        ("western", "pt-BR", "pob"), ("western", "pt", "por"), ("western", "pt-PT", "por"),
        ("western", "no", "nob"), ("western", "nn", "nno"),
        ("slavic", "sr", "srp_Cyrl"), ("slavic", "sr-Latn", "srp_Latn"),
        ("asian", "zh-Hans", "cmn_Hans"), ("asian", "zh-Hant", "cmn_Hant"), ("asian", "zh", "zho"),
        ("asian", "zh-TW", "cmn_Hant"), ("asian", "yue", "yue_Hant"),
        ("romance", "fr", "fr"), ("romance", "fr-FR", "fr_FR"), ("romance", "fr-CA", "fr_CA"),
        ("romance", "pt-BR", "pt_br"), ("romance", "pt-PT", "pt_PT"), ("romance", "pt", "pt"),
        ("northern", "nb", "nb"), ("northern", "no", "no"), ("northern", "nn", "nn"),
    ],
)  # fmt: skip
def test_which_code_a_tag_finds(table: str, tag: str, code: str) -> None:
    assert find_language(tag, codes_of(table), "m") == code


@pytest.mark.parametrize(
    ("table", "tag"),
    [
        ("nllb", "sr-Latn"), ("m2m100", "zh-Hant"), ("m2m100", "sr-Latn"), ("m2m100", "nn"),
        ("mbart50", "zh-Hant"), ("mbart50", "sr"), ("mbart25", "no"), ("western", "zh"),
    ],
)  # fmt: skip
def test_another_script_or_language_is_not_taken(table: str, tag: str) -> None:
    with pytest.raises(UserError, match="does not know the language"):
        find_language(tag, codes_of(table), "m")


def test_the_choice_between_codes_of_one_language_is_told() -> None:
    groups = shared_languages(codes_of("romance"))
    assert [next(iter(group)) for group in groups] == ["es", "fr", "it", "pt"]
    assert groups[3] == {
        "pt": "pt",
        "pt-BR": "pt_br",
        "pt-PT": "pt_PT",
        "pt-BR-x-pt-br": "pt_BR",
    }
    assert shared_languages(codes_of("nllb")) == [
        {"fa": "pes_Arab", "fa-AF": "prs_Arab"},
        {"ak-Latn": "aka_Latn", "tw-Latn": "twi_Latn"},
    ]
    assert shared_languages(codes_of("m2m100")) == []
    assert {"sr-Latn": "srp_Latn", "sr-Latn-x-hbs": "hbs"} in shared_languages(codes_of("slavic"))
