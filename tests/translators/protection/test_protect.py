"""Protection over the model that ships."""

from __future__ import annotations

import pytest

from tests.helpers.offset_checks import check_offsets
from tests.helpers.paths import ROOT
from translators.open import open_translator
from translators.protection.protect import Protection, protect
from translators.protection.terms import Term
from translators.protection.translator import ProtectingTranslator
from translators.protocol import DecodingOptions

OPTIONS = DecodingOptions(return_attention=True)
KEPT = {
    "Call 李明 at noon.": ["李明"],
    "It is 20°C outside.": ["20", "°C"],
    "I love it 😍😍": ["😍😍"],
    "Welcome to { -brand-name }, {0}!": ["{ -brand-name }", "{0}"],
    "If you want to join us, please <a href=\"{ $url }\">get involved</a>.": [
        '<a href="{ $url }">', "</a>",
    ],
    "Read [the book](https://a.de/x) and write to a.b@c.de.": ["](https://a.de/x)", "a.b@c.de"],
    "%(name)s sent you %d messages.": ["%(name)s", "%d"],
    "Open the file notes.txt in ~/docs.": ["notes.txt", "~/docs"],
    "We met in the Big Apple on 2024-01-02.": ["Big Apple", "2024-01-02"],
    "[NAME] is here.": ["[NAME]"],
}  # fmt: skip


@pytest.fixture(scope="module")
def protecting() -> ProtectingTranslator:
    translator = open_translator(ROOT / "data" / "models" / "en-de")
    protection = Protection(kept=("Big Apple",), terms=(Term("bridge", ("Viadukt",)),))
    return protect(translator, protection)


def test_what_comes_out(protecting: ProtectingTranslator) -> None:
    hypotheses = protecting.translate(list(KEPT), "en", "de", OPTIONS)
    for (text, kept), hypothesis in zip(KEPT.items(), hypotheses, strict=True):
        assert all(hypothesis.text.count(item) == text.count(item) for item in kept), hypothesis
        assert not hypothesis.flags
        check_offsets(text, hypothesis.source_pieces)
        check_offsets(hypothesis.text, hypothesis.target_pieces)
        assert hypothesis.attention is not None
        assert hypothesis.attention.shape == (
            len(hypothesis.target_pieces),
            len(hypothesis.source_pieces),
        )


def test_terms(protecting: ProtectingTranslator) -> None:
    texts = ["The bridge is old.", "We saw {x} on two bridges.", "The house is old."]
    first, second, third = protecting.translate(texts, "en", "de", DecodingOptions())
    assert "Viadukt" in first.text and "Viadukt" in second.text and "{x}" in second.text
    assert third == open_translator(ROOT / "data" / "models" / "en-de").translate(
        [texts[2]], "en", "de", DecodingOptions()
    )[0]  # fmt: skip
