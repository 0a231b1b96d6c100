"""Texts in capital letters."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.offset_checks import check_offsets
from translators.capitals import in_capitals, usual_case
from translators.engine import Engine
from translators.protocol import DecodingOptions, Hypothesis


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("en", "I LOVE THIS, AND I'M GLAD.", "I love this, and I'm glad."),
        ("en", "AN iPHONE FOR McDONALD'S STAFF", "An iphone for mcdonald's staff"),
        ("en", "THE U.S. ARMY LEFT AT 7:30 P.M.", "The U.S. army left at 7:30 P.M."),
        ("en", "\"CONGRATULATIONS!\"", "\"Congratulations!\""),
        ("de", "DIE STRASSE IST LANG; ÖL FEHLT", "Die strasse ist lang; öl fehlt"),
        ("de", "ICH WILL ES", "Ich will es"),
        ("el", "ΚΑΛΟΣ ΦΙΛΟΣ", "Καλος φιλος"),
        ("ru", "ПРИВЕТ ВСЕМ", "Привет всем"),
        ("tr", "IŞIK VE İYİ", "Işık ve iyi"),
        ("en", "İSTANBUL IS LARGE", "İstanbul is large"),
        ("en", "UNICEF", None),
        ("en", "USA, UK", None),
        ("en", "I love this MOVIE SO MUCH", None),
        ("en", "XK-7 2024-01-01", None),
        ("zh", "你好世界", None),
        ("en", "", None),
    ],
)  # fmt: skip
def test_usual_case(lang: str, text: str, expected: str | None) -> None:
    assert usual_case(text, lang) == expected


@given(text=st.text(max_size=40).map(str.upper), lang=st.sampled_from(["en", "de", "tr", "el"]))
def test_the_usual_case_has_as_many_characters(text: str, lang: str) -> None:
    assert len(usual_case(text, lang) or text) == len(text)


def test_capitals_of_another_length_move_the_pieces() -> None:
    hypothesis = Hypothesis(
        "die Straße ist lang",
        -0.5,
        target_pieces=((0, 3), (4, 10), (11, 14), (15, 19)),
        alternatives=(Hypothesis("ein Fluß", -0.9, target_pieces=((0, 3), (4, 8))),),
    )
    capitals = in_capitals(hypothesis, "de")
    assert capitals.text == "DIE STRASSE IST LANG"
    assert [capitals.text[a:b] for a, b in capitals.target_pieces] == [
        "DIE", "STRASSE", "IST", "LANG",
    ]  # fmt: skip
    assert (capitals.alternatives[0].text, capitals.alternatives[0].target_pieces) == (
        "EIN FLUSS",
        ((0, 3), (4, 9)),
    )
    assert in_capitals(Hypothesis("iyi", 0.0), "tr").text == "İYİ"
    assert in_capitals(Hypothesis("你好", 0.0), "zh").text == "你好"


def test_the_engine_decodes_the_usual_case(engine: Engine) -> None:
    options = DecodingOptions(max_decoding_length=24, return_attention=True)
    capitals = "TWO WOMEN PLAY CHESS"
    shouted, usual = engine.translate([capitals, "Two women play chess"], "en", "de", options)
    assert shouted == dataclasses.replace(in_capitals(usual, "de"), attention=shouted.attention)
    assert usual.text != usual.text.upper()
    assert (shouted.attention == usual.attention).all()
    assert "".join(capitals[a:b] for a, b in shouted.source_pieces) == capitals.replace(" ", "")
    check_offsets(shouted.text, shouted.target_pieces)


def test_forced_decoding_reads_the_usual_case_too(engine: Engine) -> None:
    (shouted,), (usual,) = (
        engine.force([source], [target], "en", "de")
        for source, target in (
            ("TWO WOMEN PLAY CHESS", "ZWEI FRAUEN SPIELEN"),
            ("Two women play chess", "Zwei frauen spielen"),
        )
    )
    assert shouted.text == "ZWEI FRAUEN SPIELEN"
    assert shouted.score == pytest.approx(usual.score, abs=1e-4)
    assert shouted.target_pieces == usual.target_pieces
