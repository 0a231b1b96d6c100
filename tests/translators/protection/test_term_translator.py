"""Terms where the best hypothesis lacks them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from corpora.errors import UserError
from tests.helpers.toy_translator import ToyTranslator
from translators.protection.term_translator import TermTranslator, put_in_place
from translators.protection.terms import Term, TermMatch
from translators.protocol import DecodingOptions, Hypothesis

OPTIONS = DecodingOptions(return_attention=True)
PLAIN = DecodingOptions()


class Scoring(ToyTranslator):
    """The toy, which finds shorter translations likelier."""

    def force(self, sources: Sequence[str], targets: Sequence[str], *pair: str) -> list[Hypothesis]:
        return [
            dataclasses.replace(self._hypothesis(s, OPTIONS), text=t, score=-float(len(t)))
            for s, t in zip(sources, targets, strict=True)
        ]


class Unscored(ToyTranslator):
    """The toy, as a pivot that scores nothing."""

    def force(self, *arguments: object) -> list[Hypothesis]:
        raise UserError("no direct model")


def test_texts_without_terms_are_translated_as_they_were() -> None:
    toy = Scoring()
    hypotheses = toy.translate(["wake me"], "en", "de", OPTIONS)
    toy.translate = lambda *_: hypotheses  # type: ignore[method-assign]
    translator = TermTranslator(toy, [Term("nine", ("neun",))])
    assert translator.translate(["wake me"], "en", "de", OPTIONS) is hypotheses


@pytest.mark.parametrize("toy", [Scoring(), Unscored()])
def test_a_term_that_is_missing(toy: ToyTranslator) -> None:
    translator = TermTranslator(toy, [Term("nine", ("Neun", "9"))])
    texts = ["wake me", "at nine", "at nine o'clock"]
    hypotheses = translator.translate(texts, "en", "de", PLAIN)
    assert [h.text.lower() for h in hypotheses] == ["me wake", "neun at", "o'clock neun at"]
    assert all(h.target_pieces == () and h.attention is None for h in hypotheses[1:])


def test_a_term_that_is_there_changes_nothing() -> None:
    translator = TermTranslator(Scoring(), [Term("nine", ("nine",))])
    (hypothesis,) = translator.translate(["at nine"], "en", "de", PLAIN)
    assert (hypothesis.text, hypothesis.score, hypothesis.target_length) == ("NINE AT", -0.5, 2)


def test_in_the_place_of_what_attention_aligns() -> None:
    (hypothesis,) = ToyTranslator().translate(["wake me at nine"], "en", "de", OPTIONS)
    match = TermMatch(5, 10, Term("me at", ("uns allen",)))
    changed = put_in_place(hypothesis, [match])
    assert changed.text == "NINE uns allen WAKE"
    assert [changed.text[a:b] for a, b in changed.target_pieces] == ["NINE", "uns allen", "WAKE"]
    assert changed.attention is not None
    np.testing.assert_allclose(changed.attention, [[0, 0, 0, 1], [0, 0.5, 0.5, 0], [1, 0, 0, 0]])
    assert put_in_place(dataclasses.replace(hypothesis, attention=None), [match]).text == (
        hypothesis.text
    )
