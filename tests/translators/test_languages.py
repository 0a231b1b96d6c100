from __future__ import annotations

import pytest

from corpora.errors import UserError
from translators.languages import find_language, tag_of_code, tags_of_codes


@pytest.mark.parametrize(
    ("code", "tag"),
    [
        ("deu_Latn", "de"), ("zho_Hant", "zh-Hant"), ("srp_Cyrl", "sr-Cyrl"), ("arb_Arab", "ar"),
        ("acm_Arab", "acm-Arab"), ("de_DE", "de"), ("en_XX", "en"), ("pt_BR", "pt"), ("ns", "nso"),
        ("cmn_Hans", "zh-Hans"), ("yue_Hant", "yue-Hant"), ("translate", None), ("und", None),
    ],
)  # fmt: skip
def test_tag_of_a_models_code(code: str, tag: str | None) -> None:
    assert tag_of_code(code) == tag


KNOWN = {
    "de": "1",
    "zh-Hans": "2",
    "zh-Hant": "3",
    "nb": "4",
    "sr-Cyrl": "5",
    "ar": "6",
    "yue": "7",
}


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "1"), ("de-AT", "1"), ("zh", "2"), ("zh-TW", "3"), ("cmn", "2"), ("no", "4"),
        ("sr", "5"), ("arb", "6"), ("yue", "7"), ("yue-Hant", "7"),
    ],
)  # fmt: skip
def test_find(tag: str, code: str) -> None:
    assert find_language(tag, KNOWN, "m") == code


@pytest.mark.parametrize("tag", ["fr", "sr-Latn", "gsw", "arz", "nn"])
def test_unknown_language_names_those_there_are(tag: str) -> None:
    with pytest.raises(UserError) as error:
        find_language(tag, KNOWN, "tiny")
    assert "tiny" in str(error.value)
    assert error.value.choices == sorted(KNOWN)


def test_a_member_of_a_macrolanguage_keeps_its_tag_beside_the_macrolanguage() -> None:
    assert tags_of_codes(["aka_Latn", "twi_Latn", "arb_Arab"]) == {
        "ak-Latn": "aka_Latn",
        "tw-Latn": "twi_Latn",
        "ar": "arb_Arab",
    }
    assert tags_of_codes(["twi_Latn", "aka_Latn"]) == {"tw-Latn": "twi_Latn", "ak-Latn": "aka_Latn"}
