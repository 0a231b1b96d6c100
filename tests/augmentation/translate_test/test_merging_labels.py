"""Predictions of several labels, and of numbers, merged."""

import pytest

from augmentation.translate_test.merging import average, ensemble
from corpora.predictions import Prediction, prediction_from_json, prediction_to_json
from corpora.readers.values import ValueProblem


def labels(**probabilities):
    chosen = tuple(name for name, p in probabilities.items() if p >= 0.5)
    return Prediction("1", None, probabilities, labels=chosen)


def test_each_label_has_its_own_mean():
    merged = average("classification", [labels(a=0.9, b=0.2), labels(a=0.3, b=0.4)])
    assert merged.labels == ("a",) and merged.label is None
    assert merged.probabilities == pytest.approx({"a": 0.6, "b": 0.3})


def test_an_ensemble_averages_the_logits_of_each_label():
    merged = ensemble("classification", labels(a=0.9, b=0.5), labels(a=0.5, b=0.1))
    assert merged.labels == ("a",)
    assert merged.probabilities == pytest.approx({"a": 0.75, "b": 0.25})  # odds 3 and 1/3


def test_labels_without_probabilities_are_certain():
    given = [Prediction("1", labels=("a", "b")), Prediction("1", labels=("a",)),
             Prediction("1", labels=())]  # fmt: skip
    assert average("classification", given).labels == ("a",)
    assert average("classification", [Prediction("1", labels=())] * 2).labels == ()


def test_numbers_have_a_weighted_mean():
    one, two = Prediction("1", value=1.0), Prediction("1", value=3.0)
    assert average("pair", [one, two]).value == 2
    assert ensemble("pair", one, two, 0.25).value == 1.5


@pytest.mark.parametrize(
    "prediction", [labels(a=0.9, b=0.2), Prediction("1", labels=()), Prediction("1", value=0.1)]
)
def test_files_keep_labels_and_numbers(prediction):
    assert prediction_from_json(prediction_to_json(prediction), {}) == prediction


@pytest.mark.parametrize("wrong", [{"labels": "a"}, {"labels": [None]}, {"value": "much"}])
def test_what_is_neither_is_refused(wrong):
    with pytest.raises(ValueProblem, match=r"no list|no name|not a number"):
        prediction_from_json({"id": "1"} | wrong, {})
