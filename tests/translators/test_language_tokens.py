"""The tokens around the pieces, for every family."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from translators.engine import Engine
from translators.hardware import Hardware
from translators.model_card import ModelInfo
from translators.protocol import DecodingOptions

LAYOUT = {
    "marian": ((), ("</s>",), ()),
    "marian-multi": ((">>deu<<",), ("</s>",), ()),
    "nllb": (("eng_Latn",), ("</s>",), ("deu_Latn",)),
    "m2m100": (("__en__",), ("</s>",), ("__de__",)),
    "mbart50": (("en_XX",), ("</s>",), ("de_DE",)),
    "madlad": (("<2de>",), ("</s>",), ()),
}


@pytest.mark.parametrize("family", LAYOUT)
def test_tokens_around_the_pieces(family: str, ct2_model: Callable[[str], ModelInfo]) -> None:
    prefix, suffix, opening = LAYOUT[family]
    engine = Engine(ct2_model(family), Hardware(device="cpu", threads=(1, 1)))
    (tokens,) = engine.tokens(["A man"], "en", "de")
    assert tuple(tokens[: len(prefix)]) == prefix
    assert tuple(tokens[-len(suffix) :]) == suffix
    assert engine.language_tokens("en", "de").target_prefix == opening
    (hypothesis,) = engine.translate(["A man"], "en", "de", DecodingOptions(max_decoding_length=8))
    assert not any(token in hypothesis.text for token in opening + prefix)


def test_prompt_of_a_plain_t5(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("t5")
    assert info.card.pairs == (("en", "de"), ("en", "fr"))
    engine = Engine(info, Hardware(device="cpu", threads=(1, 1)))
    german, french = (engine.tokens(["A man"], "en", tag)[0] for tag in ("de", "fr"))
    assert german != french
    assert "".join(german).startswith("▁translate▁English▁to▁German:▁A▁man")
