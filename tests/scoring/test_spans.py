import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report, f1_score
from seqeval.scheme import IOB2

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row, Span
from scoring.spans import span_measures, strict_chunks, tag_measure, tags_of

TAGS = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
SENTENCES = st.lists(
    st.lists(st.tuples(TAGS, TAGS), min_size=1, max_size=12), min_size=1, max_size=8
)


@settings(max_examples=80, deadline=None)
@given(SENTENCES)
def test_f1_is_that_of_seqeval_strict(sentences):
    gold = [[a for a, _ in s] for s in sentences]
    predicted = [[b for _, b in s] for s in sentences]
    score = tag_measure(gold, predicted).score()
    kept = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    assert score.value == pytest.approx(100 * f1_score(gold, predicted, **kept))
    if not score.details["by_label"]:
        return
    report = classification_report(gold, predicted, output_dict=True, **kept)
    assert score.details["macro_f1"] == pytest.approx(100 * report["macro avg"]["f1-score"])
    for label, one in score.details["by_label"].items():
        assert one["f1"] == pytest.approx(100 * report[label]["f1-score"])
        assert one["precision"] == pytest.approx(100 * report[label]["precision"])
        assert one["recall"] == pytest.approx(100 * report[label]["recall"])
        assert one["support"] == report[label]["support"]


def test_an_inside_tag_that_continues_nothing_is_no_entity():
    assert strict_chunks(["I-PER", "O", "B-LOC", "I-PER", "I-LOC"]) == [(2, 3, "LOC")]


ROW = Row("1", "de", "Angela Merkel reist.", spans=(Span(0, 13, "PER"),))


def scores(predicted):
    return {m.name: m.score().value for m in span_measures([ROW], [predicted])}


def test_a_span_off_by_a_space_is_right_on_tokens_only():
    found = scores(Prediction("1", spans=(Span(0, 14, "PER"),)))
    assert found == {"span_f1": 100.0, "exact_span_f1": 0.0, "exact_rows": 0.0}


def test_a_wrong_edge_or_label_is_wrong():
    assert scores(Prediction("1", spans=(Span(0, 6, "PER"),)))["span_f1"] == 0.0
    assert scores(Prediction("1", spans=(Span(0, 13, "LOC"),)))["span_f1"] == 0.0
    assert scores(Prediction("1", spans=(Span(0, 13, "PER"),)))["exact_rows"] == 100.0


def test_of_spans_that_share_a_word_the_first_has_it():
    words = [(0, 6), (7, 13), (14, 19), (19, 20)]
    spans = (Span(7, 19, "LOC"), Span(0, 13, "PER"))
    assert tags_of(ROW, spans, words=words) == ["B-PER", "I-PER", "O", "O"]


def test_a_prediction_that_could_not_be_projected_back_is_wrong():
    lost = Prediction("1", spans=(Span(0, 13, "PER"),), flags=("unmapped:LOC", "unmapped:LOC"))
    found = scores(lost)
    assert found["span_f1"] == found["exact_span_f1"] == 50.0  # one hit of three, one gold
    assert found["exact_rows"] == 0.0


def test_gold_without_any_span_is_refused():
    with pytest.raises(UserError, match="no spans at all"):
        span_measures([Row("1", "de", "Hallo")], [Prediction("1")])


def test_tags_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="2 gold tags, 1 predicted"):
        tag_measure([["O", "O"]], [["O"]])
