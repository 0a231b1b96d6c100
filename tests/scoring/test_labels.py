import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from scoring.labels import label_measures

pytestmark = pytest.mark.filterwarnings("ignore:A single label was found")
LABELS = st.sampled_from(["weather", "alarm", "music", "news"])


def values(gold, predicted, **options):
    return {m.name: m.score().value for m in label_measures(gold, predicted, **options)}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=40))
def test_values_are_those_of_scikit_learn(pairs):
    gold, predicted = map(list, zip(*pairs, strict=True))
    found = values(gold, predicted)
    assert found["accuracy"] == pytest.approx(100 * accuracy_score(gold, predicted))
    assert found["macro_f1"] == pytest.approx(
        100 * f1_score(gold, predicted, average="macro", zero_division=0)
    )
    assert found["micro_f1"] == pytest.approx(100 * f1_score(gold, predicted, average="micro"))
    assert found["matthews"] == pytest.approx(100 * matthews_corrcoef(gold, predicted), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(LABELS, st.none() | LABELS), min_size=1, max_size=40))
def test_an_item_without_prediction_is_wrong_and_a_larger_alphabet_changes_nothing(pairs):
    gold, predicted = map(list, zip(*pairs, strict=True))
    found = values(gold, predicted)
    assert found == pytest.approx(values(gold, predicted, alphabet=["zebra", "aardvark"]))
    right = sum(a == b for a, b in pairs)
    assert found["accuracy"] == pytest.approx(100 * right / len(pairs))
    named = ["none" if p is None else p for p in predicted]
    assert found["matthews"] == pytest.approx(100 * matthews_corrcoef(gold, named), abs=1e-6)


def test_details_tell_labels_apart():
    score = label_measures(["a", "a", "b"], ["a", "b", None])[0].score()
    assert score.details["items"] == 3
    assert score.details["without_prediction"] == 1
    assert score.details["by_label"]["a"] == {
        "precision": 100.0, "recall": 50.0, "f1": pytest.approx(200 / 3), "predicted": 1,
        "support": 2,
    }  # fmt: skip
    assert "metric:accuracy" in score.signature
    assert "version:labelferry-" in score.signature


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        label_measures(["a", "b"], ["a"])


def test_selecting_items_scores_them_alone():
    measure = label_measures(["a", "a", "b"], ["a", "b", "b"])[0]
    assert measure.select([0, 2]).score().value == 100.0
    assert np.isclose(measure.score().value, 200 / 3)
