"""The page of a comparison, also of one whose names try to break it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from augmentation.compare.check import CheckResult
from augmentation.compare.html import html_report
from augmentation.compare.results import (
    CompareResults,
    LanguageResult,
    Spread,
    StrategyResult,
)
from scoring.significance import Comparison
from tests.helpers.browser import assert_fits

METRICS = ("span_f1", "label_accuracy", "exact_rows")

MEANS = {
    "zero-shot": (31.2, None), "translate-train+source": (74.9, 0.8),
    "translate-test-round-trip": (99.9, 9.3), "ensemble": (0.0, 0.0),
}  # fmt: skip


def language(lang: str, factor: float) -> LanguageResult:
    strategies = []
    for name, (mean, deviation) in MEANS.items():
        value = mean * factor
        spread = Spread(value, deviation, (value,), "metric:<f1>" + "|option:value" * 20)
        test = Comparison("span_f1", 31.2, value, 0.004, None, "test:bootstrap")
        strategies.append(
            StrategyResult(
                name,
                dict.fromkeys(METRICS, spread),
                {} if name == "zero-shot" else {"span_f1": test},
                (120, 240),
                {"translate": 12.34, "train": 100.2},
                {"unmapped:city": 3, "unmapped:day": 2, "translation-copy": 1},
            )
        )
    return LanguageResult("light", lang, 250, tuple(strategies))


@pytest.fixture
def page() -> str:
    check = CheckResult(
        bad_rows={"train.jsonl": 2}, labels_never_trained={"de": ["city", "<script>"]}
    )
    source = {"light": Spread(88.5, None, (88.5,), "")}
    languages = (language("de", 1.0), language("zh-Hans", 0.5))
    results = CompareResults("tokens", "en", "zero-shot", METRICS, languages, source, check)
    return html_report(results, "Slots <b onload='x'>\x1b")


def test_the_page_runs_nothing_and_loads_nothing(page: str) -> None:
    assert "Slots &lt;b onload=&#39;x&#39;&gt;␛" in page
    assert not re.search(
        r"<script|javascript:|<link|<iframe|<object|(src|href)=|url\(|@import", page
    )
    assert not re.search(r"<[^>]*\son\w+\s*=", page)
    assert "default-src 'none'" in page


def test_the_page_has_all_its_parts(page: str) -> None:
    for part in (
        "light: en to de", "light: en to zh-Hans", "250 test rows. translate-test-round-trip wins",
        "Δ zero-shot", "training rows", "translate s", "99.90 ±9.30", "120+240", "+68.70", "0.004",
        "1 translation-copy, 5 unmapped</td>", "12.3", "gap to source", "Over languages (span_f1",
        "light en 88.50", "2 bad rows of train.jsonl were left out.", "city, &lt;script&gt;",
        "Signatures", "metric:&lt;f1&gt;", "test:bootstrap", "baseline (zero-shot)",
    ):  # fmt: skip
        assert part in page, part
    assert page.count("<figure") == page.count("<figcaption>") == 2
    assert page.count("<table>") == page.count("<caption") == 3
    assert page.count('class="fill best"') == page.count('class="fill baseline"') == 2
    assert page.count('class="whisker"') == 6


def test_the_page_fits_a_phone(page: str, tmp_path: Path) -> None:
    assert_fits(page, tmp_path)


def test_the_report_counts_flags_by_kind_and_writes_past_the_whisker():
    spread = Spread(40.0, 20.0, (20.0, 60.0), "metric:span_f1")
    flags = {"unmapped:city": 3, "unmapped:day": 2, "translation-copy": 1}
    one = StrategyResult("zero-shot", {"span_f1": spread}, {}, (9,), {}, flags)
    result = LanguageResult("light", "de", 10, (one,))
    results = CompareResults(
        "tokens", "en", "zero-shot", ("span_f1",), (result,), {}, CheckResult()
    )
    page = html_report(results, "x")
    assert "1 translation-copy, 5 unmapped</td>" in page
    whisker = page.index('class="whisker" style="left:20.0%;width:40.0%"')
    assert whisker < page.index(">40.00 ±20.00<")
