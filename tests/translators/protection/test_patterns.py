"""What is found by its form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.protection.patterns import find_patterns

FOUND = {
    "See https://x.de/a(b). Or (www.a.org/x)!": ["https://x.de/a(b)", "www.a.org/x"],
    "Mail a.b@c.de or go to mozilla.org.": ["a.b@c.de", "mozilla.org"],
    "@max likes #fun and foo.py in /home/x/y.txt or C:\\a\\b": [
        "@max", "#fun", "foo.py", "/home/x/y.txt", "C:\\a\\b",
    ],
    "{name} {0} {} {0:.2f} {{ x }} ${x} { $x } { -term }": [
        "{name}", "{0}", "{}", "{0:.2f}", "{{ x }}", "${x}", "{ $x }", "{ -term }",
    ],
    "%s, %d, %(x)s, %1$s, %.2f and 100% sure": [
        "%s", "%d", "%(x)s", "%1$s", "%.2f", "100%",
    ],
    "[NAME] lives at $HOME in __PLACE__": ["[NAME]", "$HOME", "__PLACE__"],
    'An <a href="{ $url }">old</a> <br/> &nbsp; `x = 1`': [
        '<a href="{ $url }">', "</a>", "<br/>", "&nbsp;", "`x = 1`",
    ],
    "Go to <a href={ $firefox }>us</a>.": ["<a href={ $firefox }>", "</a>"],
    "Read [the docs](https://a.de/x), **now** and *here*.": [
        "[", "](https://a.de/x)", "**", "**", "*", "*",
    ],
    "I 😍😍 it 👩‍👩‍👧‍👦 🇩🇪🇫🇷 👋🏽 1️⃣": ["😍😍", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "👋🏽", "1️⃣"],
    "At 8:30 on 2024-01-02 or 1.2.2024 it is 20°C.": ["8:30", "2024-01-02", "1.2.2024", "20°C"],
    "3.5 km, 20 %, 5 GB, 1,000 € and snake_case or f() v 1.2.3": [
        "3.5 km", "20 %", "5 GB", "1,000 €", "snake_case", "f()", "1.2.3",
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", FOUND)
def test_found(text: str) -> None:
    items = find_patterns(text)
    assert [item.text for item in items] == FOUND[text]
    assert all(text[item.start : item.end] == item.text for item in items)


@pytest.mark.parametrize(
    "text",
    [
        "He/she works 24/7 and/or on 5 days.", "a < b and c > d", "I said: no! (Really?)",
        "It’s “fine” – isn't it…", "Nr. 5, e.g. 3 cats", "The cost is 5 or 6.", "5 * 3 * 2",
    ],
)  # fmt: skip
def test_plain_texts_have_none(text: str) -> None:
    assert find_patterns(text) == []


def test_pairs() -> None:
    """Halves of a pair have its number; what has no other half stands alone."""
    items = find_patterns("<p><b>a</b> <i>b</p> <br> c</u>")
    roles = {item.text: (item.role, item.pair) for item in items}
    assert roles["<b>"][0] == "open" and roles["</b>"] == ("close", roles["<b>"][1])
    assert roles["<p>"][0] == "open" and roles["</p>"] == ("close", roles["<p>"][1])
    assert {roles[tag] for tag in ("<i>", "<br>", "</u>")} == {("alone", -1)}


@given(st.text(st.sampled_from("ab <>/{}%$#@.:*[]()`_0123°C\u200d😍👩🏽日 \n")))
def test_offsets(text: str) -> None:
    """Items are in order, apart, and say what is there; halves of pairs come in twos."""
    last = 0
    halves: dict[int, list[str]] = {}
    for item in find_patterns(text):
        assert last <= item.start < item.end <= len(text)
        assert text[item.start : item.end] == item.text
        last = item.end
        if item.pair >= 0:
            halves.setdefault(item.pair, []).append(item.role)
    assert all(roles == ["open", "close"] for roles in halves.values())
