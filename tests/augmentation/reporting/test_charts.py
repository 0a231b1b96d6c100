from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from augmentation.reporting.charts import Score, Whisker, count_bars, log_histogram, score_bars
from augmentation.reporting.palette import Palette


def test_bars_of_counts() -> None:
    chart = count_bars("dropped", Counter({"few": 1, "many": 12_000, "half": 6_000}))
    assert [(bar.label, bar.value, bar.length) for bar in chart.bars] == [
        ("many", "12\u202f000", 100.0), ("half", "6\u202f000", 50.0), ("few", "1", 1.0)
    ]  # fmt: skip
    assert count_bars("dropped", Counter()).bars == ()


def test_bars_of_scores_stay_on_the_axis() -> None:
    scores = [
        Score("base", "3.00 ±5.00", 3.0, 5.0),
        Score("a", "x", 99.0, 2.5),
        Score("b", "", 9, None),
    ]
    chart = score_bars("F1", scores, best="a", baseline="base")
    assert [bar.tone for bar in chart.bars] == ["baseline", "best", "plain"]
    assert [bar.length for bar in chart.bars] == [3.0, 99.0, 9.0]
    assert [bar.whisker for bar in chart.bars] == [Whisker(0.0, 8.0), Whisker(96.5, 100.0), None]
    assert chart.bars[0].whisker is not None and chart.bars[0].whisker.length == 8.0
    assert [(tick.position, tick.label) for tick in chart.ticks[::5]] == [(0, "0"), (100, "100")]
    assert score_bars("F1", scores, best="base", baseline="base").bars[0].tone == "best"


def test_a_histogram_on_a_logarithmic_axis() -> None:
    chart = log_histogram("ratio", [1, 4, 0, 2], [0.25, 0.5, 1.0, 2.0, 4.0], [0.25, 1.0, 4.0])
    assert [bin.height for bin in chart.bins] == [25.0, 100.0, 0.0, 50.0]
    assert chart.bins[1].note == "0.50 to 1.00, rows: 4"
    assert [(tick.position, tick.label) for tick in chart.ticks] == [
        (0.0, "0.25"), (50.0, "1"), (100.0, "4")
    ]  # fmt: skip
    assert chart.summary.startswith("Highest bar: 4 of 7 rows, between 0.50 and 1.00.")
    assert log_histogram("ratio", [0, 0], [1, 2, 4], [1]).summary == "There are no rows."
    with pytest.raises(ValueError, match="shorter"):
        log_histogram("ratio", [1, 1], [1.0, 2.0], [1.0])


def test_neighbouring_labels_have_colours_far_apart() -> None:
    palette = Palette(f"label {number}" for number in range(12))
    hues = [palette.hue(f"label {number}") for number in range(12)]
    assert len(set(hues)) == 12 and all(0 <= hue < 360 for hue in hues)
    for left, right in pairwise(hues):
        assert min((left - right) % 360, (right - left) % 360) > 90
    assert palette.hue("unknown") == 0
