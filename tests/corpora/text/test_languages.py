"""Language tags: their standard form, and which mean the same."""

from __future__ import annotations

import itertools

import langcodes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import UserError
from corpora.text.languages import (
    closest_tag,
    is_unspaced,
    joins_sentences,
    language_subtag,
    normalise_tag,
    same_language,
    scripts_of,
)

TAGS = st.sampled_from([
    "ar", "arb", "arz", "de", "de-AT", "en", "en-GB", "en-US", "gsw", "he", "iw", "id", "in", "ja",
    "nb", "nn", "no", "no-NO", "pt", "pt-BR", "pt-PT", "sr", "sr-Cyrl", "sr-Latn", "sr-ME", "sh",
    "yue", "zh", "cmn", "zh-CN", "zh-HK", "zh-Hans", "zh-Hant", "zh-TW", "zh-Hant-HK", "und",
    "english", "sr-SP", "",
])  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "standard"),
    [
        ("DE", "de"), ("deu", "de"), ("zh_Hans", "zh-Hans"), ("de-Latn", "de"), ("pt-br", "pt-BR"),
        ("iw", "he"), ("sr-Latn", "sr-Latn"), ("cmn-Hant", "cmn-Hant"),
    ],
)  # fmt: skip
def test_normalise(tag: str, standard: str) -> None:
    assert normalise_tag(tag) == standard


@pytest.mark.parametrize("tag", ["", "english", "xx", "../de", "de_DE!", "deutsch", "e"])
def test_no_language_tag(tag: str) -> None:
    with pytest.raises(UserError, match="not a language tag"):
        normalise_tag(tag)


@pytest.mark.parametrize(
    "alike",
    [
        {"no", "nb", "nb-NO", "no-NO"},
        {"nn", "nn-NO"},
        {"da", "da-DK"},
        {"zh", "zh-Hans", "zh-CN", "zh-SG", "zh-Hans-CN", "cmn", "cmn-Hans", "zh_CN"},
        {"zh-Hant", "zh-TW", "zh-HK", "zh-Hant-HK", "cmn-Hant"},
        {"yue", "yue-Hant", "yue-HK"},
        {"sr", "sr-Cyrl", "sr-RS", "sr-SP"},
        {"sr-Latn", "sr-ME", "sh"},
        {"en", "en-US", "en-GB", "en-UK", "eng", "EN_us"},
        {"pt", "pt-BR", "pt-PT"},
        {"iw", "he", "he-IL"},
        {"in", "id"},
        {"de", "de-CH", "de-1901"},
        {"gsw"},
        {"ar", "arb", "ar-EG"},
        {"arz"},
        {"fa", "pes"},
        {"qu", "quy"},
        {"pa", "pa-Guru"},
        {"pa-Arab", "pa-PK"},
        {"und"},
        {"english"},
    ],
    ids=min,
)
def test_tags_that_mean_the_same(alike: set[str]) -> None:
    others = {"nb", "nn", "da", "zh", "zh-TW", "yue", "sr", "sr-Latn", "en", "pt", "he", "id", "de",
              "gsw", "ar", "arz", "fa", "qu", "pa", "pa-Arab", "und", "english"}  # fmt: skip
    for first, second in itertools.product(alike, alike):
        assert same_language(first, second), (first, second)
    assert len(others & alike) == 1
    for first, second in itertools.product(alike, others - alike):
        assert not same_language(first, second), (first, second)


@pytest.mark.parametrize(
    ("wanted", "supported", "closest"),
    [
        ("zh-Hans", ["zh-TW", "zh-CN"], "zh-CN"),
        ("zh-Hant", ["zh-CN"], None),
        ("zh", ["zh-TW", "zh-CN"], "zh-CN"),
        ("nb", ["da", "nn", "no"], "no"),
        ("no", ["nn", "nb"], "nb"),
        ("nn", ["nb", "no"], None),
        ("sr-Latn", ["sr-Cyrl"], None),
        ("sr", ["sr-Latn", "sr-RS"], "sr-RS"),
        ("en-GB", ["en-US", "en-GB"], "en-GB"),
        ("en-AU", ["en-US", "en-GB"], "en-GB"),
        ("en", ["en-GB", "en-US"], "en-US"),
        ("pt-PT", ["pt-BR"], "pt-BR"),
        ("de-AT", ["de", "de-CH"], "de"),
        ("he", ["iw"], "iw"),
        ("id", ["in", "ms"], "in"),
        ("tw", ["ak", "tw"], "tw"),
        ("de", [], None),
    ],
)
def test_the_closest_of_several(wanted: str, supported: list[str], closest: str | None) -> None:
    assert closest_tag(wanted, supported) == closest
    assert closest_tag(wanted, supported[::-1]) == closest


@settings(deadline=None)
@given(TAGS, TAGS, TAGS)
def test_meaning_the_same_is_an_equivalence(first: str, second: str, third: str) -> None:
    assert same_language(first, first)
    assert same_language(first, second) == same_language(second, first)
    if same_language(first, second) and same_language(second, third):
        assert same_language(first, third)


@settings(deadline=None)
@given(TAGS, st.lists(TAGS, max_size=5))
def test_the_closest_tag_means_the_same_and_is_missing_only_where_none_does(
    wanted: str, supported: list[str]
) -> None:
    closest = closest_tag(wanted, supported)
    if closest is None:
        assert not any(same_language(wanted, tag) for tag in supported)
    else:
        assert closest in supported and same_language(wanted, closest)
        assert wanted not in supported or closest == wanted


@settings(deadline=None)
@given(TAGS.filter(langcodes.tag_is_valid))
def test_the_standard_form_is_stable_and_means_the_same(tag: str) -> None:
    standard = normalise_tag(tag)
    assert normalise_tag(standard) == standard
    assert same_language(tag, standard)


@settings(deadline=None)
@given(st.text(max_size=20), st.text("aehz-_SHn09", max_size=12))
def test_any_text_can_be_compared(first: str, second: str) -> None:
    assert same_language(first, first)
    assert same_language(first, second) == same_language(second, first)
    assert closest_tag(first, [second, first]) == first
    assert closest_tag("de", [first, second]) in (None, first, second)
    scripts_of(first)


def test_language_subtag() -> None:
    assert [language_subtag(tag) for tag in ("zh-Hans", "DE", "")] == ["zh", "de", ""]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ("Latn",)),
        ("sr-Latn", ("Latn",)),
        ("sr", ("Cyrl",)),
        ("ja", ("Hani", "Hira", "Kana")),
        ("zh-Hant", ("Hani",)),
        ("ko", ("Hang", "Hani")),
        ("nonsense", ("Latn",)),
    ],
)
def test_scripts(language: str, expected: tuple[str, ...]) -> None:
    assert scripts_of(language) == expected


@pytest.mark.parametrize("lang", ["zh", "zh-Hant", "ja", "yue", "wuu", "lzh", "nan", "cmn"])
def test_languages_that_put_no_space_between_sentences(lang: str) -> None:
    assert joins_sentences(lang) and is_unspaced(lang)


@pytest.mark.parametrize("lang", ["th", "lo", "km", "my", "bo", "dz"])
def test_languages_that_put_spaces_between_sentences_only(lang: str) -> None:
    assert is_unspaced(lang) and not joins_sentences(lang)


@pytest.mark.parametrize("lang", ["de", "ko", "vi", "hi", "ar", "jv", "zh-Latn", "und", "nonsense"])
def test_languages_that_put_spaces_between_words(lang: str) -> None:
    assert not is_unspaced(lang) and not joins_sentences(lang)
