"""Whether a translation has what its source has."""

from __future__ import annotations

import time

import pytest

from tests.helpers.toy_translator import ToyTranslator
from translators.protection.finding import ItemFinder
from translators.protection.items import lost_items
from translators.protection.jobs import Job
from translators.protection.patterns import find_patterns
from translators.protection.translator import ProtectingTranslator
from translators.protocol import DecodingOptions


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


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"see http://example.com/page{n}" for n in range(4000)),
        " ".join(f"<b>word{n}" for n in range(4000)) + "</b>" * 4000,
        "<b>" * 4000 + "</i>" * 4000,
        "*a " * 8000,
        "<!-- a " * 8000,
        "A sentence. " + "#tag " * 8000,
    ],
)
def test_thousands_of_items_take_seconds(text: str) -> None:
    started = time.process_time()
    items = find_patterns(text)
    job = Job.of(text, items)
    assert lost_items(job.items, job.core) == []
    if "page" in text:
        lost = lost_items(items, text.replace("http://example.com/page7 ", "") + " **")
        assert [item.text for item in lost] == ["http://example.com/page7"]
    assert time.process_time() - started < 8


@pytest.mark.parametrize("count", [3, 200])
def test_a_text_with_many_items_is_translated_around_them(count: int) -> None:
    text = " ".join(f"see x{n}@example.com" for n in range(count))
    toy = ToyTranslator()
    (hypothesis,) = ProtectingTranslator(toy, ItemFinder(None)).translate(
        [text], "en", "de", DecodingOptions(return_attention=True)
    )
    assert hypothesis.flags == ()
    if count == 200:
        assert hypothesis.text == text.replace("see", "SEE")
        assert toy.seen == ["see"]


def test_kept_stretches_win_over_forms() -> None:
    text = "go to x.de now, y.de, z.de"
    at = text.index("to x"), text.index("now")
    items = ItemFinder(None).find(text, [at, (0, 2)])
    assert [(item.text, item.kind) for item in items] == [
        ("go", "kept"), ("to x.de ", "kept"), ("y.de", "address"), ("z.de", "address"),
    ]  # fmt: skip
