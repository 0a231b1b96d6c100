"""The official formulas (SQuAD 1.1 and 2.0 evaluation scripts), worked by hand."""

import pytest

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from scoring.squad import answer_scores, mlqa_tokens, qa_measures, squad_tokens


@pytest.mark.parametrize(
    ("prediction", "answers", "exact", "f1"),
    [
        ("The Denver Broncos!", ["Denver Broncos"], 1, 1),  # case, article, punctuation
        ("Denver", ["Denver Broncos"], 0, 2 / 3),  # precision 1, recall 1/2
        ("the big Denver Broncos team", ["Denver Broncos"], 0, 2 / 3),  # 2/4 and 2/2
        ("a b b", ["b b c"], 0, 0.8),  # the article goes: precision 2/2, recall 2/3
        ("Santa Clara", ["Levi's Stadium", "Santa Clara, California"], 0, 0.8),  # best answer
        ("", [], 1, 1),  # unanswerable, said so
        ("Denver", [], 0, 0),
        ("", ["Denver"], 0, 0),
        ("the", ["Denver"], 0, 0),  # nothing is left of it
    ],
)
def test_official_scores(prediction, answers, exact, f1):
    assert answer_scores(prediction, answers, squad_tokens) == pytest.approx((exact, f1))


def test_mlqa_takes_away_the_articles_of_the_language():
    assert mlqa_tokens("Der Präsident „der“ USA", "de-DE") == ["präsident", "usa"]
    assert squad_tokens("Der Präsident") == ["der", "präsident"]
    assert mlqa_tokens("los 49ers", "es") == ["49ers"]
    assert mlqa_tokens("在北京 2008年。", "zh-Hans") == ["在", "北", "京", "2008", "年"]
    assert mlqa_tokens("la casa", "fi") == ["la", "casa"]


CONTEXT = "Die Mannschaft spielt in der Stadt Bremen."
GOLD = [
    Row("1", "de", CONTEXT, "Wo?", spans=(Span(35, 41, "answer"),)),
    Row("2", "de", CONTEXT, "Wann?"),
]


def test_measures_tell_answerable_from_unanswerable():
    predicted = [Prediction("1", spans=(Span(29, 41, "answer"),)), Prediction("2")]
    found = {m.name: m.score() for m in qa_measures(GOLD, predicted)}
    assert found["f1"].value == pytest.approx(100 * (2 / 3 + 1) / 2)
    assert found["f1_answerable"].value == pytest.approx(200 / 3)
    assert found["exact_match"].value == 50.0
    assert found["exact_match_unanswerable"].value == 100.0
    assert "normalisation:squad|articles:en" in found["f1"].signature
    assert "questions:answerable" in found["f1_answerable"].signature


def test_answers_may_be_texts_and_the_normalisation_is_in_the_signature():
    predicted = [Prediction("1", target="der Bremen"), Prediction("2", target="")]
    found = {m.name: m.score() for m in qa_measures(GOLD, predicted, "mlqa")}
    assert found["exact_match"].value == 100.0
    assert "normalisation:mlqa|articles:de" in found["f1"].signature


def test_an_answer_that_could_not_be_projected_back_is_wrong_even_where_there_is_none():
    predicted = [Prediction("1"), Prediction("2", flags=("unmapped:answer",))]
    found = {m.name: m.score().value for m in qa_measures(GOLD, predicted)}
    assert found["f1"] == found["exact_match_unanswerable"] == 0.0


def test_bad_input():
    with pytest.raises(UserError, match="no spans at all"):
        qa_measures(GOLD[1:], [Prediction("2")])
    with pytest.raises(UserError, match="no normalisation 'none'"):
        qa_measures(GOLD, [], "none")
