"""What cannot be translated, through translators that do to it what models do."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from tests.helpers.toy_translator import ToyTranslator
from translators.protection.finding import ItemFinder
from translators.protection.translator import LOST_PLACEHOLDER, ProtectingTranslator
from translators.protocol import DecodingOptions, Hypothesis

OPTIONS = DecodingOptions(return_attention=True)
PLAIN = DecodingOptions()


class Spoiling(ToyTranslator):
    """The toy, which spoils what it is to copy in a way of its own."""

    def __init__(self, spoil: Callable[[str], str]) -> None:
        super().__init__()
        self._spoil = spoil

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        self.seen += texts
        return [self._hypothesis(self._spoil(text), options) for text in texts]


def without(pattern: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, "", text)


def protecting(translator: ToyTranslator) -> ProtectingTranslator:
    return ProtectingTranslator(translator, ItemFinder(None))


def texts_of(translator: ProtectingTranslator, *texts: str) -> list[str]:
    return [h.text for h in translator.translate(list(texts), "en", "de", PLAIN)]


def test_nothing_to_protect_costs_no_second_look() -> None:
    toy = ToyTranslator()
    hypotheses = toy.translate(["wake me", "at nine"], "en", "de", OPTIONS)
    toy.translate = lambda *_: hypotheses  # type: ignore[method-assign]
    assert protecting(toy).translate(["wake me", "at nine"], "en", "de", OPTIONS) is hypotheses


def test_order_and_duplicates() -> None:
    texts = ["hi {x}", "wake me", "hi {x}", "{x}", "", "a {y} b"]
    assert texts_of(protecting(ToyTranslator()), *texts) == [
        "{x} HI", "ME WAKE", "{x} HI", "{x}", "", "B {y} A",
    ]  # fmt: skip


def test_what_the_model_copies_needs_no_mask() -> None:
    toy = ToyTranslator()
    assert texts_of(protecting(toy), "wake me at 8:30 now") == ["NOW 8:30 AT ME WAKE"]
    assert toy.seen == ["wake me at 8:30 now"]


def test_what_it_loses_is_masked() -> None:
    toy = Spoiling(without("8:30"))
    assert texts_of(protecting(toy), "wake me at 8:30 now") == ["NOW 8:30 AT ME WAKE"]
    assert "wake me at XQ1 now" in toy.seen


def test_another_mask_where_the_first_is_lost() -> None:
    """`XQ` is copied in the sentences that are tried, and lost in this one."""
    toy = Spoiling(lambda text: text.replace("XQ1", "") if "wake" in text else text)
    assert texts_of(protecting(toy), "wake {x} now") == ["NOW {x} WAKE"]


def test_around_it_where_all_masks_are_lost() -> None:
    toy = Spoiling(without(r"\b(?:[A-Z]+-?\d+|[A-Z][a-z]+)\b"))
    (hypothesis,) = protecting(toy).translate(["wake {x} up now"], "en", "de", OPTIONS)
    assert (hypothesis.text, hypothesis.flags) == ("WAKE {x} NOW UP", ())
    assert texts_of(protecting(toy), "wake {x}, and up", "wake ({x}) up") == [
        "WAKE {x}, UP AND", "( WAKE{x}) UP",
    ]  # fmt: skip
    assert hypothesis.attention is not None
    assert hypothesis.attention.shape == (6, 6)


def test_what_is_lost_even_then_is_flagged() -> None:
    toy = Spoiling(lambda text: text + " {1}")
    (hypothesis,) = protecting(toy).translate(["wake {1} up now"], "en", "de", PLAIN)
    assert hypothesis.flags == (LOST_PLACEHOLDER,)


def test_edges_are_peeled_off() -> None:
    toy = ToyTranslator()
    texts = ["<p>wake me</p>", "wake me 😍", "<br>wake me. #now @you"]
    assert texts_of(protecting(toy), *texts) == [
        "<p>ME WAKE</p>", "ME WAKE 😍", "<br>ME. WAKE #now @you",
    ]  # fmt: skip
    assert toy.seen == ["wake me", "wake me", "wake me."]


def test_stretches_and_kept_terms() -> None:
    translator = ProtectingTranslator(ToyTranslator(), ItemFinder(None, ["New York"]))
    texts = ["see new york", "see new york", "see New York"]
    stretches = [((4, 12),), (), ()]
    hypotheses = translator.translate_protected(texts, stretches, "en", "de", PLAIN)
    assert [h.text for h in hypotheses] == ["new york SEE", "YORK NEW SEE", "New York SEE"]


def test_n_best() -> None:
    """Of the other hypotheses, those that have all items stay."""

    class NBest(ToyTranslator):
        def _hypothesis(self, text: str, options: DecodingOptions) -> Hypothesis:
            best = super()._hypothesis(text, options)
            others = (Hypothesis("NOTHING", -2.0), Hypothesis(f"OR {best.text}", -3.0))
            return Hypothesis(best.text, -1.0, alternatives=others)

    (hypothesis,) = protecting(NBest()).translate(
        ["😍 wake {x} up"], "en", "de", DecodingOptions(beam_size=3, num_hypotheses=3)
    )
    assert hypothesis.text == "😍 UP {x} WAKE"
    assert [other.text for other in hypothesis.alternatives] == ["😍 OR UP {x} WAKE"]


@pytest.mark.parametrize("source", ["en", "de", "zh", "cy"])
def test_masks_are_tried_once(source: str) -> None:
    toy = ToyTranslator()
    translator = protecting(toy)
    for text in ("wake {x}", "see {y}"):
        translator.translate([text], source, "fr", PLAIN)
    assert len(toy.seen) == len(set(toy.seen))
