"""Many texts identified at once: the same answers as one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from py3langid import langid

from filters.batch_identifier import BatchIdentifier

ONE_BY_ONE = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
TOGETHER = BatchIdentifier(ONE_BY_ONE)


@given(st.lists(st.text(max_size=80), max_size=8))
@example(
    ["", "a", "  ", "GUTEN TAG, WIE GEHT ES IHNEN?", "žš" * 700, "中文句子", "\ud800x", "u\u0308"]
)
@example(["Das ist ein Satz.", "This is a sentence.", "Ceci est une phrase.", "Dobar dan, ovo je"])
def test_the_answers_are_those_of_py3langid(texts: list[str]) -> None:
    answers = TOGETHER.identify(texts)
    assert len(answers) == len(texts)
    for text, (language, probability) in zip(texts, answers, strict=True):
        scores = dict(ONE_BY_ONE.rank(text))
        assert probability == pytest.approx(max(scores.values()), abs=1e-5)
        assert scores[language] == pytest.approx(probability, abs=1e-5)
