"""The table of a comparison."""

from augmentation.compare.check import CheckResult
from augmentation.compare.scores import (
    CompareResults,
    LanguageResult,
    Spread,
    StrategyResult,
)
from augmentation.compare.table import winner
from scoring.significance import Comparison


def test_a_tie_is_no_win():
    spread = Spread(40.0, None, (40.0,), "metric:span_f1")
    test = Comparison("span_f1", 40.0, 40.0, 1.0, None, "")
    names = {"translate-test": {"span_f1": test}, "zero-shot": {}}
    strategies = [StrategyResult(n, {"span_f1": spread}, c, (9,), {}, {}) for n, c in names.items()]
    result = LanguageResult("light", "de", 10, tuple(strategies))
    results = CompareResults(
        "tokens", "en", "zero-shot", ("span_f1",), (result,), {}, CheckResult()
    )
    assert winner(result, results) == "No strategy beats zero-shot."
