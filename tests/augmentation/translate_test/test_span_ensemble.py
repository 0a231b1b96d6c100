"""Several predictors' spans made one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from augmentation.translate_test.merging import average, ensemble
from augmentation.translate_test.span_ensemble import combine_answers, combine_spans
from corpora.predictions import Prediction
from corpora.records import Span

LABELS = ("city", "date")


def with_candidates(*candidates: tuple[int, int, str, float], chosen: int | None = 0) -> Prediction:
    spans = tuple(Span(start, end, label, None, p) for start, end, label, p in candidates)
    return Prediction("1", spans=() if chosen is None else (spans[chosen],), candidates=spans)


def offsets_and_labels(spans: tuple[Span, ...]) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in spans]


def test_the_more_confident_prediction_decides_the_label() -> None:
    doubtful = with_candidates((0, 6, "city", 0.55), (0, 6, "date", 0.45))
    confident = with_candidates((0, 6, "date", 0.95), (0, 6, "city", 0.05))
    for pair in ([doubtful, confident], [confident, doubtful]):
        (span,) = combine_spans(pair, [0.5, 0.5], "logits")
        assert span.label == "date"
        assert span.confidence == pytest.approx(0.7)
    assert offsets_and_labels(ensemble("tokens", doubtful, confident, 0.01).spans) == [
        (0, 6, "city")
    ]
    assert ensemble("tokens", doubtful, confident).candidates == ()


def test_the_more_confident_prediction_decides_the_boundary() -> None:
    short = with_candidates((0, 6, "city", 0.5), (0, 9, "city", 0.45))
    long = with_candidates((0, 9, "city", 0.8), (0, 6, "city", 0.2))
    assert offsets_and_labels(combine_spans([short, long], [0.5, 0.5], "logits")) == [
        (0, 9, "city")
    ]


def test_a_candidate_is_chosen_by_its_average_probability() -> None:
    first = with_candidates((0, 6, "city", 0.45), chosen=None)
    second = with_candidates((0, 6, "city", 0.9))
    assert combine_spans([first, first], [0.5, 0.5], "logits") == ()
    assert offsets_and_labels(combine_spans([first, second], [0.5, 0.5], "logits")) == [
        (0, 6, "city")
    ]


def test_a_prediction_with_an_unmapped_span_has_no_vote_on_its_label() -> None:
    lost = Prediction("1", flags=("unmapped:city",))
    one = Prediction("1", spans=(Span(0, 6, "city"), Span(7, 9, "date")))
    other = Prediction("1")
    assert offsets_and_labels(
        combine_spans([one, lost, other], [0.4, 0.3, 0.3], "probabilities")
    ) == [(0, 6, "city")]


def test_no_answer_is_a_candidate_like_any_other() -> None:
    yes = with_candidates((0, 6, "answer", 0.6), (7, 9, "answer", 0.1))
    no = with_candidates((0, 6, "answer", 0.3), chosen=None)
    assert offsets_and_labels(combine_answers([yes, no], [0.8, 0.2], "logits")) == [
        (0, 6, "answer")
    ]
    assert combine_answers([yes, no], [0.2, 0.8], "logits") == ()
    other = with_candidates((7, 9, "answer", 0.9), (0, 6, "answer", 0.1))
    assert offsets_and_labels(combine_answers([yes, other], [0.5, 0.5], "logits")) == [
        (7, 9, "answer")
    ]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("task", ["tokens", "qa"])
def test_the_n_best_go_into_an_ensemble_with_their_probabilities(task, count) -> None:  # type: ignore[no-untyped-def]
    doubtful = with_candidates((0, 6, "city", 0.55), (0, 9, "city", 0.3))
    doubts = with_candidates((0, 6, "city", 0.05), chosen=None)
    confident = with_candidates((0, 9, "city", 0.9))
    several = average(task, [doubtful] * count)
    assert ensemble(task, several, doubts).spans == ()
    (span,) = ensemble(task, several, confident).spans
    assert (span.start, span.end) == (0, 9)
    assert span.confidence == pytest.approx(0.6)


def test_n_best_predictions_without_a_vote_are_not_averaged() -> None:
    lost = Prediction("1", flags=("unmapped:city",))
    both = [with_candidates((0, 6, "city", 0.6), (7, 9, "date", 0.4)), lost]
    assert [s.confidence for s in average("tokens", both).candidates] == pytest.approx([0.6, 0.2])
    answers = [with_candidates((0, 6, "answer", 0.6)), Prediction("1", flags=("unmapped:answer",))]
    assert [s.confidence for s in average("qa", answers).candidates] == pytest.approx([0.6])


def test_predictions_without_candidates_count_by_relative_frequency() -> None:
    named = Prediction("1", spans=(Span(0, 6, "city", None, 0.8),))
    assert average("tokens", [named] * 3).candidates == ()
    (span,) = average("tokens", [named, named, Prediction("1")]).candidates
    assert span.confidence == pytest.approx(2 / 3)


@st.composite
def random_predictions(draw: st.DrawFn) -> Prediction:
    spans = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, 8))
        end = draw(st.integers(start + 1, 10))
        probability = draw(st.floats(0, 1))
        spans.append(Span(start, end, draw(st.sampled_from(LABELS)), None, probability))
    flags = draw(st.sets(st.sampled_from([f"unmapped:{label}" for label in LABELS])))
    keep = draw(st.booleans())
    return Prediction(
        "1",
        spans=tuple(spans[:1]),
        candidates=tuple(spans) if keep else (),
        flags=tuple(sorted(flags)),
    )


@given(
    st.lists(random_predictions(), min_size=1, max_size=4),
    st.sampled_from(["probabilities", "logits"]),
)
def test_ensemble_spans_are_disjoint_and_among_the_candidates(predictions, mean) -> None:  # type: ignore[no-untyped-def]
    shares = [1 / len(predictions)] * len(predictions)
    named = {
        candidate
        for prediction in predictions
        for candidate in offsets_and_labels(prediction.candidates or prediction.spans)
    }
    spans = combine_spans(predictions, shares, mean)
    assert set(offsets_and_labels(spans)) <= named
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    assert len(combine_answers(predictions, shares, mean)) <= 1
    assert set(offsets_and_labels(combine_answers(predictions, shares, mean))) <= named


@given(random_predictions(), st.sampled_from(["probabilities", "logits"]))
def test_an_ensemble_of_equal_predictions_is_that_prediction(prediction, mean) -> None:  # type: ignore[no-untyped-def]
    alone = combine_spans([prediction], [1.0], mean)
    assert offsets_and_labels(
        combine_spans([prediction] * 3, [0.2, 0.3, 0.5], mean)
    ) == offsets_and_labels(alone)
    if not prediction.candidates:
        assert offsets_and_labels(alone) == offsets_and_labels(prediction.spans)


# Halves and quarters, so that means are exact and what is even stays so.
@given(
    random_predictions(),
    random_predictions(),
    st.sampled_from([2, 4]),
    st.sampled_from(["tokens", "qa"]),
)
@example(  # a predictor that is certain of spans that exclude one another
    with_candidates((0, 1, "city", 1.0), (0, 1, "date", 1.0)), Prediction("1"), 2, "tokens"
)
def test_the_average_of_equal_predictions_is_one_of_them_to_an_ensemble(one, other, count, task):  # type: ignore[no-untyped-def]
    several = average(task, [one] * count)
    together, alone = ensemble(task, several, other), ensemble(task, one, other)
    assert offsets_and_labels(together.spans) == offsets_and_labels(alone.spans)
