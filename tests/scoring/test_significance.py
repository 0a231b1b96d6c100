import numpy as np
import pytest

from scoring.labels import label_measures
from scoring.measures import mean_measure
from scoring.significance import compare_measures, confidence_interval

METHODS = ("bootstrap", "randomization")


def correct(share, items=400, seed=0):
    rng = np.random.default_rng(seed)
    return mean_measure("accuracy", (rng.random(items) < share).astype(float), "metric:accuracy")


@pytest.mark.parametrize("method", METHODS)
def test_a_system_is_no_better_than_itself(method):
    one = compare_measures([correct(0.7)], [correct(0.7)], method=method)
    assert one.difference == 0
    assert one.p_value == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_a_clear_difference_is_significant_and_a_small_one_is_not(method):
    clear = compare_measures([correct(0.5)], [correct(0.8, seed=1)], method=method)
    assert clear.p_value < 0.01
    assert clear.value == pytest.approx(correct(0.8, seed=1).score().value)
    before = mean_measure("m", [0] * 12 + [1] * 15 + [1] * 200, "m")
    after = mean_measure("m", [1] * 12 + [0] * 15 + [1] * 200, "m")
    small = compare_measures([before], [after], method=method)
    assert small.p_value > 0.05


def test_p_values_are_even_where_nothing_differs():
    """Of two systems that are right equally often, at most some 5 % may seem to differ."""
    for method in METHODS:
        low = sum(
            compare_measures(
                [correct(0.6, 100, seed)], [correct(0.6, 100, seed + 1000)],
                method=method, samples=200, seed=seed,
            ).p_value < 0.05
            for seed in range(100)
        )  # fmt: skip
        assert low <= 12  # 5 expected; more than 12 has a chance of 1 in 1,000


def test_randomization_agrees_with_the_exact_binomial_test():
    """With n items that only one system has right, p is that of n fair coins."""
    before = mean_measure("m", [0] * 8 + [1] * 2 + [1] * 30, "m")
    after = mean_measure("m", [1] * 8 + [0] * 2 + [1] * 30, "m")
    one = compare_measures([before], [after], method="randomization", samples=20_000)
    assert one.p_value == pytest.approx(0.109375, abs=0.01)  # 2 * P(Binomial(10, .5) >= 8)


def test_runs_are_averaged_and_the_interval_holds_the_difference():
    before = [correct(0.5, seed=i) for i in range(3)]
    after = [correct(0.6, seed=i + 10) for i in range(3)]
    one = compare_measures(before, after)
    assert one.baseline == pytest.approx(np.mean([m.score().value for m in before]))
    low, high = one.interval
    assert low < one.difference < high
    assert "runs:3+3" in one.signature


def test_items_of_a_group_count_once():
    """Fifty copies of one item are no evidence."""
    before = mean_measure("m", [0.0] * 50 + [1.0], "m")
    after = mean_measure("m", [1.0] * 50 + [1.0], "m")
    groups = ["one"] * 50 + ["two"]
    apart = compare_measures([before], [after], method="randomization")
    together = compare_measures([before], [after], method="randomization", groups=groups)
    assert apart.p_value < 0.01
    assert together.p_value > 0.4
    assert "groups:2" in together.signature


@pytest.mark.parametrize("method", METHODS)
def test_metrics_that_are_no_means(method):
    rng = np.random.default_rng(0)
    gold = rng.choice(["a", "b", "c"], 300).tolist()
    poor = [g if rng.random() < 0.5 else "a" for g in gold]
    good = [g if rng.random() < 0.8 else "b" for g in gold]
    before, after = label_measures(gold, poor), label_measures(gold, good)
    for old, new in zip(before, after, strict=True):
        one = compare_measures([old], [new], method=method, samples=300)
        assert one.difference > 0
        assert one.p_value < 0.05


def test_unlike_measures_are_refused():
    with pytest.raises(ValueError, match="different numbers of items"):
        compare_measures([correct(0.5, 10)], [correct(0.5, 11)])
    with pytest.raises(ValueError, match="different columns"):
        compare_measures(
            [label_measures(["a"], ["a"])[0]],
            [label_measures(["a"], ["b"])[0]],
            method="randomization",
        )


def test_interval_of_one_measure_is_that_of_the_normal_approximation():
    measure = correct(0.7, 1000)
    low, high = confidence_interval(measure)
    share = measure.score().value
    half = 1.96 * np.sqrt(share * (100 - share) / 1000)
    assert low == pytest.approx(share - half, abs=0.6)
    assert high == pytest.approx(share + half, abs=0.6)
