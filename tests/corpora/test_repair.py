"""Repairs of rows."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.checks import check_row, find_problem
from corpora.records import Row, Span
from corpora.repair import repair_row
from tests.helpers.row_strategies import texts


def row(text: str, *spans: Span) -> Row:
    return Row("1", "de", text, spans=spans)


@given(texts, st.data())
@settings(max_examples=60, deadline=None)
def test_any_spans_in_range_can_be_repaired(text: str, data: st.DataObject) -> None:
    pairs = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    spans = [Span(min(p), max(p), "X") for p in data.draw(st.lists(pairs, max_size=5))]
    repaired, counts = repair_row(row(text, *spans))
    assert check_row(repaired) is None
    assert len(spans) - len(repaired.spans) == counts["empty-span"]


def test_repairs_are_counted() -> None:
    bad = row("cafe\u0301 \ud83d abc", Span(0, 4, "X"), Span(3, 4, "Y"), Span(8, 8, "Z"))
    repaired, counts = repair_row(bad)
    assert repaired == replace(
        bad, text="cafe\u0301 \ufffd abc", spans=(Span(0, 5, "X"), Span(3, 5, "Y"))
    )
    assert counts == {
        "lone-surrogate": 1, "empty-span": 1, "split-grapheme": 2,
    }  # fmt: skip


def test_a_question_does_not_lose_its_only_answer_by_repair() -> None:
    empty, real = Span(3, 3, "answer"), Span(4, 7, "answer")
    question = Row("1", "en", "It was here.", "Where?", spans=(empty,))
    assert repair_row(question, "qa") == (question, Counter())
    problem = find_problem(question, "qa")
    assert problem is not None and problem.reason == "empty-span"
    repaired, counts = repair_row(replace(question, spans=(empty, real)), "qa")
    assert repaired.spans == (real,) and counts == {"empty-span": 1}
