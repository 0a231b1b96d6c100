"""Whether a translation has what its source has."""

from __future__ import annotations

import pytest

from translators.protection.items import lost_items
from translators.protection.patterns import find_patterns


@pytest.mark.parametrize(
    ("source", "translation", "lost"),
    [
        ("Hi {a} and {b}", "{b} und {a}", []),
        ("Hi {a} and {b}", "{b} und", ["{a}"]),
        ("Hi {a}", "{a} {a}", ["{a}"]),
        ("%s of %s", "%s von %s", []),
        ("%s of %s", "%s von", ["%s", "%s"]),
        ("See x.de or www.x.de", "Siehe www.x.de", ["x.de"]),
        ("@max met @maxi and me", "@maxi traf @max und @maxim", []),
        ("go to x.de", "去x.de吧", []),
        ("go to x.de", "x.de에 가다", []),
        ("the size of x.de", "die Größe x.des", []),
        ("It is 20°C", "Es ist 20 °C", []),
        ("It is 20°C", "Es ist 20 C", ["20°C"]),
        ("It is 20°C", "Es ist 21 °C", ["20°C"]),
        ("3.5 km, 1,000 km", "1.000 km und 3,5 km", []),
        ("at 8:30", "um 8.30 Uhr", []),
        ("at 8:30", "um 18:30 Uhr", ["8:30"]),
        ("<b>a</b> <i>b</i>", "<i>b</i> <b>a</b>", []),
        ("<b>a <i>b</i></b>", "<b>a</b> <i>b</i>", ["<b>", "<i>", "</i>", "</b>"]),
        ("<b>a</b>", "</b>a<b>", ["<b>", "</b>"]),
        ("<b>a</b> <b>b</b>", "<b>a</b> <b>b</b>", []),
        ("**a** [b](x.de)", "[b](x.de) **a**", []),
    ],
)
def test_lost_items(source: str, translation: str, lost: list[str]) -> None:
    items = find_patterns(source)
    assert [item.text for item in lost_items(items, translation)] == lost
