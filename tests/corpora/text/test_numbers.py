"""Numbers of texts, and whether a translation has changed one."""

from __future__ import annotations

import pytest

from corpora.text.numbers import has_changed_number, numbers


def test_numbers_know_groups_and_other_digits() -> None:
    assert numbers("8,733 km, 200 000 in 2010") == numbers("2010: 200.000 in 8 733 km")
    assert numbers("٣٤ at 2:30") == {"34": 1, "2": 1, "30": 1}
    assert numbers("1,5 and 1.5") == {"1": 2, "5": 2}
    assert numbers("\U00010d41\U00010d42") == {"\U00010d41\U00010d42": 1}  # of Unicode 16


@pytest.mark.parametrize(
    ("source", "target", "changed"),
    [
        ("30 km", "40 km", True),
        ("7 and 12", "12 and 8", True),
        ("from 1996 to 1998", "von 1996 bis 1989", True),
        ("3 to 5", "5 bis 3", False),
        ("in 2000-08", "2000 bis 2008", False),
        ("159.2 billion", "159.200 millones", False),
        ("no digits", "7", False),
        ("at 9 pm", "um 21 Uhr", False),
        ("room 007", "Zimmer 7", False),
        ("٣٤", "34", False),
        ("٣٤", "43", True),
        ("Add 1,250.50 EUR.", "Füge 50,50 EUR hinzu.", True),
    ],
)
def test_changed_numbers(source: str, target: str, changed: bool) -> None:
    assert has_changed_number(source, target) is changed
    assert has_changed_number(target, source) is changed
