"""The invariants of a row."""

import pytest
from hypothesis import given, settings

from corpora.checks import check_row, find_problem
from corpora.records import Row, Span
from corpora.repair import repair_row
from tests.helpers.row_strategies import rows

FAMILY = "👩‍👩‍👧 there"


def row(text: str, *spans: Span, **fields: object) -> Row:
    return Row("1", "de", text, spans=spans, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "reason", "words"),
    [
        (row(""), "empty-text", "empty"),
        (row(" \t\n"), "empty-text", "empty"),
        (row("half \ud83d of it"), "lone-surrogate", "text"),
        (row("x", label="\udc00"), "lone-surrogate", "label"),
        (row("x", meta={"k": "\udc00"}), "lone-surrogate", "meta"),
        (row("abc", Span(0, 4, "X")), "offset-out-of-range", "0:4"),
        (row("abc", Span(-1, 2, "X")), "offset-out-of-range", "-1:2"),
        (row("abc", Span(2, 2, "X")), "empty-span", "2:2"),
        (row("abc", Span(2, 1, "X")), "empty-span", "2:1"),
        (row("abc", Span(0, 1, "")), "missing-label", "no label"),
        (row("cafe\u0301 x", Span(0, 4, "X")), "split-grapheme", "offset 4"),
        (row(FAMILY, Span(0, 1, "X")), "split-grapheme", "offset 1"),
        (row("🇩🇪🇫🇷", Span(0, 3, "X")), "split-grapheme", "offset 3"),
        (row("a\r\nb", Span(0, 2, "X")), "split-grapheme", "offset 2"),
        (row("abc", tokens=((0, 2), (1, 3))), "bad-tokens", "token"),
        (row("abc", tokens=((0, 4),)), "bad-tokens", "token"),
    ],
)
def test_every_breach_is_found_and_named(bad: Row, reason: str, words: str) -> None:
    problem = find_problem(bad)
    assert problem is not None
    assert problem.reason == reason
    assert words in problem.detail
    assert check_row(bad) == problem.detail


def test_good_rows_have_no_problem() -> None:
    assert check_row(row("abcdef", Span(0, 3, "X"), Span(3, 6, "Y"))) is None
    assert check_row(row("🇩🇪🇫🇷", Span(2, 4, "X"))) is None
    assert check_row(row("x" * 100_000, Span(99_999, 100_000, "X"))) is None


def test_answers_and_entities_may_overlap() -> None:
    spans = Span(0, 16, "answer"), Span(12, 16, "answer")
    answers = row("in the year 1990", *spans, text_pair="When?")
    assert check_row(answers, "qa") is None
    assert check_row(answers, "tokens") is None


@given(rows())
@settings(max_examples=60, deadline=None)
def test_rows_on_cluster_edges_hold_and_are_left_alone(good: Row) -> None:
    assert check_row(good) is None
    assert repair_row(good) == (good, {})
