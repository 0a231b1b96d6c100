"""Numbers as labels: the same values as scipy's and scikit-learn's."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_squared_error

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from scoring.numbers import number_measures
from scoring.report import score
from scoring.significance import SignificanceOptions


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_the_values_are_those_of_scipy(shift):
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 6, 80) + shift
    predicted = (gold - shift) * 0.7 + shift + rng.normal(size=80).round(1)
    values = {m.name: m.score().value for m in number_measures(gold, predicted)}
    assert values["pearson"] == pytest.approx(100 * pearsonr(gold, predicted)[0])
    assert values["spearman"] == pytest.approx(100 * spearmanr(gold, predicted)[0])
    assert values["mse"] == pytest.approx(mean_squared_error(gold, predicted))


@pytest.mark.parametrize("constant", [0.0, 0.1, 3.0])
def test_equal_predictions_have_no_correlation(constant):
    pearson, spearman, _ = number_measures([1.0, 2.0, 3.5], [constant] * 3)
    assert (pearson.score().value, spearman.score().value) == (0, 0)


@pytest.mark.parametrize("method", ["bootstrap", "randomization"])
def test_a_better_system_is_significantly_better(method):
    rng = np.random.default_rng(3)
    values = rng.random(60) * 5
    gold = [Row(str(n), "en", "a", "b", value=float(v)) for n, v in enumerate(values)]
    good, bad = (
        [Prediction(str(n), value=float(v + noise)) for n, (v, noise) in enumerate(pairs)]
        for pairs in (zip(values, rng.normal(size=60) * s, strict=True) for s in (0.2, 3))
    )
    report = score(
        good, gold, task="pair", baseline=bad, significance=SignificanceOptions(method, 200)
    )
    assert [s.name for s in report.scores] == ["pearson", "spearman", "mse"]
    assert all(c.p_value < 0.05 for c in report.comparisons)
    assert report.comparisons[0].difference > 0 > report.comparisons[2].difference
    assert "(not %)" in str(report)


def test_a_row_without_a_predicted_number_is_an_error():
    gold = [Row("1", "en", "a", value=1.0), Row("2", "en", "b", value=2.0)]
    predicted = [Prediction("1", value=1.0), Prediction("2", label="x")]
    with pytest.raises(UserError, match="row 2: no number was predicted here"):
        score(predicted, gold, task="classification")
