"""What a model has no pieces for."""

from __future__ import annotations

from translators.protection.scripts import UnwritableFinder

LATIN = ["▁the", "abcdefghijklm", "ä", "€", "<0xE6>", "</s>", ">>de<<"]


def test_words_in_scripts_without_pieces() -> None:
    finder = UnwritableFinder([LATIN])
    text = "Call 李明 at Ñuñoa → 5 € © Пётр"
    assert [(item.text, item.kind) for item in finder.find(text)] == [
        ("李明", "word"), ("→", "symbol"), ("©", "symbol"), ("Пётр", "word"),
    ]  # fmt: skip
    assert finder.find("Call Tom at noon") == []


def test_what_one_of_two_models_lacks() -> None:
    cyrillic = [*LATIN, "абвгдежзиклмн", "©"]
    assert UnwritableFinder([cyrillic]).find("Пётр ©") == []
    assert len(UnwritableFinder([cyrillic, LATIN]).find("Пётр ©")) == 2
