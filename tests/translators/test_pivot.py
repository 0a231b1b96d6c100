from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from corpora.errors import UserError
from tests.helpers.tiny_translators import TEXTS
from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.open import model_infos
from translators.pivot import Pivot, compose
from translators.protocol import DecodingOptions, Hypothesis

OPTIONS = DecodingOptions(max_decoding_length=16, return_attention=True)


@pytest.fixture(scope="module")
def bilingual(ct2_model: Callable[[str], ModelInfo]) -> Engine:
    return Engine(ct2_model("marian"), Hardware(device="cpu", threads=(1, 1)))


def test_composed_by_hand() -> None:
    first = Hypothesis(
        "ab c", -1.0, ((0, 1), (2, 3)), ((0, 2), (3, 4)), np.eye(2, dtype=np.float32), ("copy",)
    )
    second = Hypothesis(
        "X Y", -0.5, ((0, 1), (1, 2), (3, 4)), ((0, 1), (2, 3)),
        np.array([[0, 0, 1], [0.5, 0.5, 0]], dtype=np.float32),
    )  # fmt: skip
    hypothesis = compose(first, second)
    assert hypothesis.text == "X Y" and hypothesis.score == -1.5 and hypothesis.flags == ("copy",)
    assert (
        hypothesis.source_pieces == first.source_pieces
        and hypothesis.target_pieces == second.target_pieces
    )
    assert hypothesis.attention is not None
    assert hypothesis.attention.tolist() == [[0, 1], [1, 0]]


def test_through_another_language(engine: Engine, bilingual: Engine) -> None:
    pivot = Pivot([bilingual, engine], "de")
    direct = pivot.translate(TEXTS[:3], "en", "de", OPTIONS)
    assert [hypothesis.text for hypothesis in direct] == [
        hypothesis.text for hypothesis in bilingual.translate(TEXTS[:3], "en", "de", OPTIONS)
    ]
    german_to_english = Pivot([bilingual, _only(engine, "de", "fr")], "de")
    hypotheses = german_to_english.translate(TEXTS[:3], "en", "fr", OPTIONS)
    expected = engine.translate([hypothesis.text for hypothesis in direct], "de", "fr", OPTIONS)
    assert [hypothesis.text for hypothesis in hypotheses] == [
        hypothesis.text for hypothesis in expected
    ]
    for hypothesis in hypotheses:
        if hypothesis.target_pieces:
            assert hypothesis.attention is not None
            assert hypothesis.attention.shape == (
                len(hypothesis.target_pieces),
                len(hypothesis.source_pieces),
            )
            assert (hypothesis.attention.sum(axis=1) <= 1.0 + 1e-3).all()
    assert pivot.name == f"{bilingual.name}+{engine.name}"
    assert [info.name for info in model_infos(pivot)] == [bilingual.name, engine.name]


class _only:  # noqa: N801
    """An engine that admits to one pair."""

    def __init__(self, engine: Engine, source: str, target: str) -> None:
        self._engine, self._pair = engine, (source, target)
        self.name = engine.name
        self.translate, self.force = engine.translate, engine.force

    def supports(self, source: str, target: str) -> bool:
        return (source, target) == self._pair


def test_pairs_that_no_model_has(bilingual: Engine) -> None:
    pivot = Pivot([bilingual], "fr")
    assert pivot.supports("en", "de") and not pivot.supports("de", "en")
    with pytest.raises(UserError, match="no model from de to en, directly or through fr"):
        pivot.translate(["a"], "de", "en", OPTIONS)
    with pytest.raises(UserError, match="no direct model"):
        Pivot([bilingual, _only(bilingual, "de", "fr")], "de").force(["a"], ["b"], "en", "fr")
