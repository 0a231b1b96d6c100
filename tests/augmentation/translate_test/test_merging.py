"""Several predictions for a row made one."""

import pytest

from augmentation.translate_test.merging import average, ensemble
from corpora.predictions import Prediction
from corpora.records import Span

CITY = Span(0, 6, "city", None, 0.8)

DATE = Span(7, 9, "date", None, 0.9)

WIDE = Span(0, 9, "city", None, 0.3)


def test_spans_are_voted_on():
    three = [Prediction("1", spans=s) for s in ((CITY, DATE), (CITY,), (WIDE,))]
    (city,) = average("tokens", three).spans
    assert (city.start, city.end) == (0, 6)
    assert city.confidence == pytest.approx(1.6 / 3)
    # Of two predictions each places its spans; where they overlap, the more confident one does.
    two = [Prediction("1", spans=(CITY,)), Prediction("1", spans=(WIDE,))]
    assert [s.end for s in average("tokens", two).spans] == [6]
    lost = Prediction("1", flags=("unmapped:city",))
    assert average("tokens", [lost, lost, three[0]]).flags == ("unmapped:city",)
    assert average("tokens", [lost, three[0], three[0]]).flags == ()


def test_flags_are_voted_on_copy_by_copy():
    none, one, two = (Prediction("1", flags=("unmapped:city",) * count) for count in range(3))
    assert average("tokens", [two, none, none]).flags == ()
    assert average("tokens", [two, two, two]).flags == two.flags
    assert average("tokens", [two, one, none]).flags == one.flags
    assert ensemble("tokens", two, one, 0.5).flags == two.flags
    assert ensemble("tokens", two, one, 0.6).flags == one.flags
    other = Prediction("1", flags=("unmapped:city", "unmapped:date", "unmapped:city"))
    assert average("tokens", [other, other]).flags == other.flags


def test_answers_are_voted_on():
    yes, no = Prediction("1", spans=(CITY,)), Prediction("1")
    lost = Prediction("1", flags=("unmapped:answer",))
    assert average("qa", [yes, yes, no]).spans[0].end == 6
    assert average("qa", [yes, no, no]).spans == ()
    assert average("qa", [yes, lost, no]).spans[0].end == 6
    assert average("qa", [lost, lost, no]).unmapped == ("answer",)
    assert average("qa", [Prediction("1", spans=(WIDE,)), yes, yes]).spans[0].end == 6


def test_an_ensemble_averages_logits():
    one = Prediction("1", "a", {"a": 0.9, "b": 0.1})
    other = Prediction("1", "b", {"a": 0.2, "b": 0.8})
    found = ensemble("classification", one, other)
    a, b = (0.9 * 0.2) ** 0.5, (0.1 * 0.8) ** 0.5
    assert found.probabilities == pytest.approx({"a": a / (a + b), "b": b / (a + b)})
    assert found.label == "a"
    assert ensemble("classification", one, other, 1.0).probabilities == pytest.approx(
        other.probabilities
    )
    assert ensemble("classification", one, Prediction("1", "b")).label == "b"
