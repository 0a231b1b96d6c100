"""Families and languages, read from vocabularies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from translators.families import family_of_vocabulary
from translators.model_card import ModelInfo


def test_languages_are_read_from_the_vocabulary(ct2_model: Callable[[str], ModelInfo]) -> None:
    assert set(ct2_model("nllb").card.targets) == {"en", "de", "zh-Hans", "sr-Cyrl"}
    assert ct2_model("marian-multi").card.targets == {"de": "deu", "en": "eng", "fr": "fra"}
    assert {"en", "de", "zh"} == set(ct2_model("madlad").card.targets)
    assert {"af", "de", "zu"} <= set(ct2_model("m2m100").card.sources)
    assert {"ar", "de", "zh", "sl"} <= set(ct2_model("mbart50").card.sources)


@pytest.mark.parametrize(
    ("vocabulary", "family"),
    [
        (["</s>", ">>de<<", ">>en<<", "▁a"], "marian"),
        (["<s>", "deu_Latn", "eng_Latn"], "nllb"),
        (["__de__", "__en__"], "m2m100"),
        (["de_DE", "en_XX"], "mbart50"),
        (["<2de>", "<2en>"], "t5"),
        (["</s>", "▁a"], None),
        ([">>de<<", ">>en<<", "<2de>", "<2en>"], None),
    ],
)
def test_family_of_a_vocabulary(vocabulary: list[str], family: str | None) -> None:
    family_and_codes = family_of_vocabulary(vocabulary)
    assert (family_and_codes and family_and_codes[0].name) == family
