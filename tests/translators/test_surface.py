"""What the surface of a translation shows."""

from __future__ import annotations

import pytest

from translators.surface import surface_flags


@pytest.mark.parametrize(
    ("lang", "source", "target", "expected"),
    [
        ("de", "The weather is nice.", "Das Wetter ist schön.", []),
        ("en", "Der Zug nach München", "The train to Mu\ufffdnchen", ["characters"]),
        ("de", "It is 20°C today", "Heute sind es 20 \x8cC", ["characters"]),
        ("de", "a broken \ufffd letter", "ein kaputter \ufffd Buchstabe", []),
        ("de", "The train", "Der ⟦Zug", ["marker"]),
        ("de", "The ⟦train⟧", "Der ⟦Zug⟧", []),
        ("de", "The train", "<extra_id_0> Zug", ["marker"]),
        ("de", "The train", ">>fr<< Zug", ["marker"]),
        ("de", "a < b and __init__", "a < b und __init__", []),
        ("de", "The weather is nice.", "Das Wetter погода ist schön.", ["script"]),
        ("de", "Call 李明 at noon.", "Rufen Sie 李明 mittags an.", []),
        ("de", "an angle of β", "ein Winkel α", []),  # one letter tells little
        ("ru", "The weather is nice today", "The weather is nice today", ["script", "copy"]),
        ("ru", "My iPhone is new", "Мой iPhone новый", []),
        ("zh-Hans", "The weather is nice today", "今天天气很好", []),
        ("ja", "The weather is nice today", "今日はとてもいい天気です", []),
        ("ja", "The weather is nice today", "weather is nice de today", ["script", "copy"]),
        ("sr-Latn", "The weather is nice", "Vreme je lepo", []),
        ("sr", "The weather is nice", "Време је лепо", []),
        ("sr-Latn", "The weather is nice", "Време је лепо", ["script"]),
        ("de", "It left in 1996.", "Er fuhr 1969 ab.", ["number"]),
        ("de", "It costs 1,000.50 euros", "Es kostet 1.000,50 Euro", []),
        ("fr", "It costs 10,000 euros", "Cela coûte 10\u202f000 euros", []),
        ("de", "two trains and 1 car", "2 Züge und 1 Auto", []),
        ("de", "2 trains", "zwei Züge", []),
        ("de", "at 2:30 pm on 3/4/2020", "am 4.3.2020 um 14:30 Uhr", []),
        ("de", "in the 1980s", "in den 80er Jahren", []),
        ("de", "1.5 million people", "1.500.000 Menschen", []),
        ("es", "6.7 billion dollars", "6.700 millones de dólares", []),
        ("de", "at 0230 UTC", "um 02:30 UTC", []),
        ("de", "I love this movie so much", "Ich love this movie so much", ["copy"]),
        ("de", "I LOVE THIS MOVIE SO MUCH", "Ich LOVE THIS MOVIE SO MUCH", ["copy"]),
        ("de", "the film stars Tom Hanks and Meg Ryan and Bill Pullman",
         "In dem Film spielen Tom Hanks, Meg Ryan und Bill Pullman", []),
        ("de", "play jazz radio", "play jazz radio", []),
        ("zh-Hans", "把 this is a song 加入歌单听一听看一看想一想好不好",
         "把 this is a song 加入我的歌单好不好", []),
    ],
)  # fmt: skip
def test_flags(lang: str, source: str, target: str, expected: list[str]) -> None:
    assert surface_flags(source, target, lang, same_language=False) == expected


def test_a_copy_within_one_language_is_no_mistake() -> None:
    text = "the weather is nice in this part of town"
    assert surface_flags(text, text, "en-GB", same_language=True) == []
