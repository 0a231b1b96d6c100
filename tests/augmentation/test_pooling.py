"""Several predictors' spans made one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augmentation.translate_test.merging import average, ensemble
from augmentation.translate_test.span_ensemble import combine_answers, combine_spans
from corpora.predictions import Prediction
from corpora.records import Span

LABELS = ("city", "date")


def weighed(*candidates: tuple[int, int, str, float], chosen: int | None = 0) -> Prediction:
    spans = tuple(Span(start, end, label, None, p) for start, end, label, p in candidates)
    return Prediction("1", spans=() if chosen is None else (spans[chosen],), candidates=spans)


def places(spans: tuple[Span, ...]) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in spans]


def test_the_surer_one_names_the_label() -> None:
    unsure = weighed((0, 6, "city", 0.55), (0, 6, "date", 0.45))
    sure = weighed((0, 6, "date", 0.95), (0, 6, "city", 0.05))
    for pair in ([unsure, sure], [sure, unsure]):
        (span,) = combine_spans(pair, [0.5, 0.5], "logits")
        assert span.label == "date"
        assert span.confidence == pytest.approx(0.7)
    assert places(ensemble("tokens", unsure, sure, 0.01).spans) == [(0, 6, "city")]
    assert ensemble("tokens", unsure, sure).candidates == ()


def test_the_surer_one_sets_the_edge() -> None:
    short = weighed((0, 6, "city", 0.5), (0, 9, "city", 0.45))
    long = weighed((0, 9, "city", 0.8), (0, 6, "city", 0.2))
    assert places(combine_spans([short, long], [0.5, 0.5], "logits")) == [(0, 9, "city")]


def test_none_chose_it_but_together_they_do() -> None:
    first = weighed((0, 6, "city", 0.45), chosen=None)
    second = weighed((0, 6, "city", 0.9))
    assert combine_spans([first, first], [0.5, 0.5], "logits") == ()
    assert places(combine_spans([first, second], [0.5, 0.5], "logits")) == [(0, 6, "city")]


def test_who_lost_a_span_has_no_say_of_its_label() -> None:
    lost = Prediction("1", flags=("unmapped:city",))
    one = Prediction("1", spans=(Span(0, 6, "city"), Span(7, 9, "date")))
    other = Prediction("1")
    assert places(combine_spans([one, lost, other], [0.4, 0.3, 0.3], "probabilities")) == [
        (0, 6, "city")
    ]


def test_no_answer_weighs_as_much_as_an_answer() -> None:
    yes = weighed((0, 6, "answer", 0.6), (7, 9, "answer", 0.1))
    no = weighed((0, 6, "answer", 0.3), chosen=None)
    assert places(combine_answers([yes, no], [0.8, 0.2], "logits")) == [(0, 6, "answer")]
    assert combine_answers([yes, no], [0.2, 0.8], "logits") == ()
    other = weighed((7, 9, "answer", 0.9), (0, 6, "answer", 0.1))
    assert places(combine_answers([yes, other], [0.5, 0.5], "logits")) == [(7, 9, "answer")]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("task", ["tokens", "qa"])
def test_the_n_best_go_into_an_ensemble_with_their_probabilities(task, count) -> None:  # type: ignore[no-untyped-def]
    unsure = weighed((0, 6, "city", 0.55), (0, 9, "city", 0.3))
    doubts = weighed((0, 6, "city", 0.05), chosen=None)
    sure = weighed((0, 9, "city", 0.9))
    several = average(task, [unsure] * count)
    assert ensemble(task, several, doubts).spans == ()
    (span,) = ensemble(task, several, sure).spans
    assert (span.start, span.end) == (0, 9)
    assert span.confidence == pytest.approx(0.6)


def test_of_the_n_best_only_those_who_have_a_say_are_averaged() -> None:
    lost = Prediction("1", flags=("unmapped:city",))
    both = [weighed((0, 6, "city", 0.6), (7, 9, "date", 0.4)), lost]
    assert [s.confidence for s in average("tokens", both).candidates] == pytest.approx([0.6, 0.2])
    answers = [weighed((0, 6, "answer", 0.6)), Prediction("1", flags=("unmapped:answer",))]
    assert [s.confidence for s in average("qa", answers).candidates] == pytest.approx([0.6])


def test_those_who_weigh_nothing_are_as_sure_as_they_are_many() -> None:
    named = Prediction("1", spans=(Span(0, 6, "city", None, 0.8),))
    assert average("tokens", [named] * 3).candidates == ()
    (span,) = average("tokens", [named, named, Prediction("1")]).candidates
    assert span.confidence == pytest.approx(2 / 3)


@st.composite
def opinions(draw: st.DrawFn) -> Prediction:
    spans = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, 8))
        end = draw(st.integers(start + 1, 10))
        chance = draw(st.floats(0, 1))
        spans.append(Span(start, end, draw(st.sampled_from(LABELS)), None, chance))
    flags = draw(st.sets(st.sampled_from([f"unmapped:{label}" for label in LABELS])))
    keep = draw(st.booleans())
    return Prediction(
        "1",
        spans=tuple(spans[:1]),
        candidates=tuple(spans) if keep else (),
        flags=tuple(sorted(flags)),
    )


@given(st.lists(opinions(), min_size=1, max_size=4), st.sampled_from(["probabilities", "logits"]))
def test_what_is_pooled_is_disjoint_and_was_named(predictions, mean) -> None:  # type: ignore[no-untyped-def]
    shares = [1 / len(predictions)] * len(predictions)
    named = {place for one in predictions for place in places(one.candidates or one.spans)}
    spans = combine_spans(predictions, shares, mean)
    assert set(places(spans)) <= named
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert len(combine_answers(predictions, shares, mean)) <= 1
    assert set(places(combine_answers(predictions, shares, mean))) <= named


@given(opinions(), st.sampled_from(["probabilities", "logits"]))
def test_those_who_agree_are_followed(one, mean) -> None:  # type: ignore[no-untyped-def]
    alone = combine_spans([one], [1.0], mean)
    assert places(combine_spans([one, one, one], [0.2, 0.3, 0.5], mean)) == places(alone)
    if not one.candidates:
        assert places(alone) == places(one.spans)


# Halves and quarters, so that means are exact and what is even stays so.
@given(opinions(), opinions(), st.sampled_from([2, 4]), st.sampled_from(["tokens", "qa"]))
def test_the_average_of_equal_predictions_is_one_of_them_to_an_ensemble(one, other, count, task):  # type: ignore[no-untyped-def]
    several = average(task, [one] * count)
    together, alone = ensemble(task, several, other), ensemble(task, one, other)
    assert places(together.spans) == places(alone.spans)
