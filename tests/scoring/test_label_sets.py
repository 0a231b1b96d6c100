"""Several labels per item: the same numbers as scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from scoring.files import FileOptions
from scoring.label_sets import label_set_measures
from scoring.report import score


def test_the_values_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    names = np.array(["a", "b", "c", "d"])
    gold, predicted = ([tuple(names[row]) for row in rng.random((50, 4)) < 0.4] for _ in range(2))
    binary = MultiLabelBinarizer().fit([*gold, *predicted])
    y, p = binary.transform(gold), binary.transform(predicted)
    scores = {m.name: m.score() for m in label_set_measures(gold, predicted)}
    assert list(scores) == ["micro_f1", "macro_f1", "subset_accuracy"]
    assert scores["micro_f1"].value == pytest.approx(100 * f1_score(y, p, average="micro"))
    assert scores["macro_f1"].value == pytest.approx(100 * f1_score(y, p, average="macro"))
    assert scores["subset_accuracy"].value == pytest.approx(100 * accuracy_score(y, p))
    by_label = scores["micro_f1"].details["by_label"]
    each = 100 * f1_score(y, p, average=None)
    assert [by_label[n]["f1"] for n in binary.classes_] == pytest.approx(list(each))


def test_an_alphabet_changes_nothing_and_no_prediction_is_wrong():
    measures = label_set_measures([("a",), ()], [("a",), None], alphabet=["z"])
    assert [m.score().value for m in measures] == [100, 100, 50]
    assert measures[0].score().details["without_prediction"] == 1


def test_the_report_scores_sets_and_tests_against_a_baseline():
    gold = [Row("1", "en", "a", labels=("x", "y")), Row("2", "en", "b", labels=())]
    right = [Prediction("1", labels=("y", "x")), Prediction("2", labels=())]
    wrong = [Prediction("1", labels=("x",)), Prediction("2", labels=("q",))]
    report = score(right, gold, task="classification", baseline=wrong, confidence=True)
    assert [(s.name, s.value) for s in report.scores] == [
        ("micro_f1", 100), ("macro_f1", 100), ("subset_accuracy", 100),
    ]  # fmt: skip
    assert [c.baseline for c in report.comparisons] == pytest.approx([50, 100 / 3, 0])
    assert score(wrong, gold, task="classification").unknown_labels == {"q": 1}


def test_gold_of_several_kinds_is_an_error():
    gold = [Row("1", "en", "a", labels=("x",)), Row("2", "en", "b", label="x")]
    with pytest.raises(UserError, match="row 2: labelled with one class, the rows before it"):
        score([Prediction("1", labels=()), Prediction("2")], gold, task="classification")


def test_labels_with_a_separator_in_rows_in_memory() -> None:
    rows = [{"id": "1", "text": "a", "labels": "x|y"}, {"id": "2", "text": "b", "labels": "x"}]
    report = score(rows, rows, task="classification", files=FileOptions(label_separator="|"))
    assert set(report.scores[0].details["by_label"]) == {"x", "y"}
