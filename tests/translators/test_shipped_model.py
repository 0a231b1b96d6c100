"""The model that ships: small, bidirectional, and sensible on plain sentences.

Asserted are content words that any good translation holds one of, not whole strings: a retrained
model may say it otherwise.
"""

from __future__ import annotations

import unicodedata

import pytest

from tests.helpers.offset_checks import check_offsets
from tests.helpers.paths import ROOT
from translators.model_card import verify
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model

MODEL = ROOT / "data" / "models" / "en-de"

ENGLISH = {
    "A man is walking his dog in the park.": ("mann", "hund", "park"),
    "Two children are playing on the beach.": ("kinder", "spielen", "strand"),
    "I don't know where he lives.": ("weiß", "wohnt|lebt"),
    "What is the weather like in Berlin?": ("wetter", "berlin"),
    "She bought a new car yesterday.": ("gestern", "auto|wagen", "neue"),
    "Tom wants to learn German.": ("tom", "deutsch", "lernen"),
    "A woman in a red jacket is riding a bicycle.": ("frau", "rot", "rad"),
    "I have to work tomorrow.": ("morgen", "arbeiten"),
    "The train leaves at 7:30.": ("zug", "7:30|7.30"),
    "Where can I buy a ticket?": ("wo", "kaufen", "ticket|karte|fahrschein"),
}
GERMAN = {
    "Ein Mann geht mit seinem Hund im Park spazieren.": ("man", "dog", "park"),
    "Zwei Kinder spielen am Strand.": ("children|kids", "play", "beach"),
    "Ich weiß nicht, wo er wohnt.": ("know", "where", "live"),
    "Wie ist das Wetter in Hamburg?": ("weather", "hamburg"),
    "Sie hat gestern ein neues Auto gekauft.": ("yesterday", "car", "new"),
    "Tom möchte Englisch lernen.": ("tom", "english", "learn|study"),
    "Eine Frau in einer roten Jacke fährt Fahrrad.": ("woman", "red", "bike|bicycle|cycl"),
    "Ich muss morgen arbeiten.": ("tomorrow", "work"),
    "Der Zug fährt um 7:30 ab.": ("train", "7:30"),
    "Kannst du mir bitte helfen?": ("can|could|would", "help"),
}


@pytest.mark.parametrize(
    ("source", "target", "sentences"), [("en", "de", ENGLISH), ("de", "en", GERMAN)]
)
def test_ten_sentences(source: str, target: str, sentences: dict[str, tuple[str, ...]]) -> None:
    translator = open_translator(MODEL)
    outputs = translator.translate(list(sentences), source, target, DecodingOptions(beam_size=4))
    missing = {
        f"{text} → {output.text}": lacking
        for (text, words), output in zip(sentences.items(), outputs, strict=True)
        if (lacking := [w for w in words if not holds(output.text, w)])
    }
    assert all(len(lacking) == 1 for lacking in missing.values()), missing
    assert len(missing) <= 2, missing
    for text, output in zip(sentences, outputs, strict=True):
        assert len(output.text.split()) < 2.5 * len(text.split()), output.text
        assert not output.flags


def holds(output: str, alternatives: str) -> bool:
    return any(word in output.lower() for word in alternatives.split("|"))


def test_its_card_describes_it() -> None:
    info = read_model(MODEL)
    verify(info)
    assert info.card.quantization == "int8"
    assert info.supports("en", "de") and info.supports("de", "en")
    assert info.card.alignment is not None and info.card.markers
    size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
    assert size < 12_000_000


def test_no_model_ships_unknown_terms() -> None:
    card = read_model(MODEL).card
    terms = (MODEL / "README.md").read_text(encoding="utf-8").partition("## Terms")[2]
    for corpus in card.training["corpora"]:
        assert corpus["terms"] != "not stated"
        licence = corpus["terms"].partition(",")[0].partition(" (")[0]
        assert card.licence is not None and licence in card.licence and licence in terms
        for _, size, digest in corpus["files"]:
            assert size > 0 and len(digest) == 32


def test_the_surface_of_a_text_changes_nothing() -> None:
    """Combining marks, odd spaces, invisible characters, ligatures and full width."""
    translator = open_translator(MODEL)
    for source, target, plain, others in (
        (
            "de",
            "en",
            "Der Zug nach München fährt um 8:30 Uhr.",
            [
                unicodedata.normalize("NFD", "Der Zug nach München fährt um 8:30 Uhr."),
                "Der\u00a0Zug nach\u2009München fährt um 8:30\u202fUhr.",
                "\ufeffDer Zug nach Mün\u00adchen fährt\tum 8:30 Uhr.",
            ],
        ),
        (
            "en",
            "de",
            "Fly me to Oslo tomorrow, first flight.",
            [
                "Fly me to Oslo\ttomorrow, first flight.",
                "Fly me to Ｏｓｌｏ to\u200bmorrow, ﬁrst ﬂight.",
                "Fly me\nto Oslo\u3000tomorrow, first flight.",
            ],
        ),
    ):
        options = DecodingOptions(return_attention=True)
        expected, *hypotheses = translator.translate([plain, *others], source, target, options)
        assert not expected.flags
        for text, hypothesis in zip(others, hypotheses, strict=True):
            assert hypothesis.text == expected.text
            assert hypothesis.target_pieces == expected.target_pieces
            check_offsets(text, hypothesis.source_pieces)
            words = [unicodedata.normalize("NFKC", text[a:b]) for a, b in hypothesis.source_pieces]
            visible = "".join(words).replace("\u00ad", "").replace("\u200b", "")
            assert visible == plain.replace(" ", "")


def test_capital_letters_are_translated() -> None:
    (usual, shouted) = open_translator(MODEL).translate(
        ["I love this movie so much", "I LOVE THIS MOVIE SO MUCH"], "en", "de", DecodingOptions()
    )
    assert shouted.text == usual.text.upper()
    assert not shouted.flags
