from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from translators.engine import Engine
from translators.guards import find_flags, has_loop, is_suspicious_copy
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.protocol import DecodingOptions


def flags(source: str, target: str, **more: object) -> tuple[str, ...]:
    settings = {"cut": False, "language": "de", "same_language": False} | more
    return find_flags(source, target, source.split(), target.split(), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("set an alarm for seven", "stelle einen Wecker auf sieben", ()),
        ("", "", ()),
        ("a dog runs home", "", ("empty",)),
        ("a dog runs in the park", "a dog runs in the park", ("copy",)),
        ("wake me at 7 : 30 please", "Wake me at 7: 30 please", ("copy",)),
        ("Barack Obama", "Barack Obama", ()),
        ("Microsoft Windows XP Home Edition", "Microsoft Windows XP Home Edition", ()),
        ("12 34 56 78 90", "12 34 56 78 90", ()),
        ("a dog", "der Hund " * 12, ("repetition", "length")),
        ("no no no no no no no no no no", "nein " * 10, ()),
        ("word " * 60, "Wort", ("length",)),
        ("it ran by the sea", "es lief an dem Meer , es lief an dem Meer", ("repetition",)),
        ("a dog by the sea, a cat by the sea", "ein Hund an dem Meer , eine Katze an dem Meer", ()),
        ("dogs by the sea, cats by the sea", "Hunde hier am Meer , Katzen hier am Meer", ()),
    ],
)  # fmt: skip
def test_flags(source: str, target: str, expected: tuple[str, ...]) -> None:
    assert flags(source, target.strip()) == expected


def test_cut_output_and_same_language() -> None:
    assert flags("a dog runs home", "ein Hund", cut=True) == ("length",)
    assert flags("a dog runs in the park", "a dog runs in the park", same_language=True) == ()


@pytest.mark.parametrize(
    ("pieces", "loop"),
    [
        (list("abcabcabcabc"), True),
        (list("abcabcabc"), False),
        (["ha"] * 8, True),
        (["."] * 20, False),
        (["0"] * 9, False),
        (list("the quick brown fox"), False),
        (["x", "y", *["die", "der"] * 5, "z"], True),
    ],
)
def test_loops(pieces: Sequence[str], loop: bool) -> None:
    assert has_loop(pieces) is loop


def test_names_may_be_copied() -> None:
    assert is_suspicious_copy("how is the weather in berlin")
    assert not is_suspicious_copy("United Nations Security Council Resolution")
    assert not is_suspicious_copy("GmbH & Co. KG")


def test_flagged_texts_are_tried_once_more(
    ct2_model: Callable[[str], ModelInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time with a penalty, and only those that were flagged."""
    engine = Engine(ct2_model("marian-multi"), Hardware(device="cpu", threads=(1, 1)))
    calls: list[tuple[list[str], float, int]] = []
    inner = engine._translate_unique

    def spy(texts, request):  # type: ignore[no-untyped-def]
        options = request.options
        calls.append((list(texts), options.repetition_penalty, options.no_repeat_ngram_size))
        return inner(texts, request)

    monkeypatch.setattr(engine, "_translate_unique", spy)
    answers = iter([("empty",), ("empty",), (), ("length",)])
    monkeypatch.setattr("translators.results.find_flags", lambda *args, **more: next(answers))
    hypotheses = engine.translate(
        ["A man", "two dogs"], "en", "de", DecodingOptions(max_decoding_length=12)
    )
    assert calls == [(["A man", "two dogs"], 1.0, 0), (["A man", "two dogs"], 1.3, 3)]
    assert [hypothesis.flags for hypothesis in hypotheses] == [(), ("empty",)]
