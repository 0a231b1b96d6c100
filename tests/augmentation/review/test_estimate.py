"""The error rate of what nobody reviewed, against SciPy's exact interval and a simulation."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augmentation.review.changes import LabelChanges, summarize_changes
from augmentation.review.corrections import Correction, moved_spans
from augmentation.review.estimate import estimate, proportion
from augmentation.review.queue import Draw, Queue, QueueItem
from corpora.records import Row, Span


def item(number: int, drawn: Draw, probability: float = 1.0) -> QueueItem:
    row = Row(f"r{number}", "de", "Anna mag Oslo", spans=(Span(0, 4, "PER"), Span(9, 13, "LOC")))
    return QueueItem(row, drawn, probability, 0.5, {})


def correction(old: QueueItem, wrong: bool) -> Correction:
    spans = old.row.spans[:1] if wrong else old.row.spans
    return Correction(old, replace(old.row, spans=spans))


@pytest.mark.parametrize(("wrong", "reviewed"), [(0, 30), (3, 30), (30, 30), (1, 1), (7, 200)])
def test_the_interval_is_that_of_scipy(wrong: int, reviewed: int) -> None:
    from scipy.stats import binomtest

    made = proportion(wrong, reviewed, 1000)
    exact = binomtest(wrong, reviewed).proportion_ci(0.95, "exact")
    assert made is not None
    assert (made.low, made.high) == pytest.approx((exact.low, exact.high))
    assert made.rate == wrong / reviewed


def test_all_reviewed_and_none() -> None:
    everything = proportion(3, 30, 30)
    assert everything is not None and everything.low == everything.rate == everything.high == 0.1
    assert proportion(0, 0, 30) is None


def test_the_interval_holds_the_truth_in_nineteen_of_twenty_reviews() -> None:
    rng = random.Random(1)
    truth = [rng.random() < 0.06 for _ in range(800)]
    rate, covered = sum(truth) / len(truth), 0
    for _ in range(300):
        made = proportion(sum(rng.sample(truth, 50)), 50, 800)
        assert made is not None
        covered += made.low <= rate <= made.high
    assert covered >= 0.95 * 300


def test_estimates_of_a_queue() -> None:
    doubtful = [item(n, "least-sure") for n in range(4)]
    sample = [item(n, "random", 0.1) for n in range(10, 20)]
    dropped = [item(n, "dropped", 0.5) for n in range(30, 34)]
    queue = Queue(
        "run", "de", "tokens", 104, 8, ("LOC", "PER"), (), 0, (*doubtful, *sample, *dropped)
    )
    done = [correction(i, True) for i in doubtful[:3]] + [correction(doubtful[3], False)]
    done += [correction(i, n < 2) for n, i in enumerate(sample)]
    done += [Correction(i, None) for i in dropped[:3]] + [correction(dropped[3], True)]
    made = estimate(queue, done)
    assert made.rest is not None and made.run is not None and made.rescued is not None
    assert (made.rest.rate, made.rest.reviewed, made.rest.rows) == (0.2, 10, 100)
    assert made.rest_labels == made.rest
    # 3 of the 4 doubtful rows, and a tenth of the sample's probability for each of the others.
    assert made.run.rate == pytest.approx((3 + 2 / 0.1) / 104)
    assert made.run.low == pytest.approx((3 + 100 * made.rest.low) / 104)
    assert (made.rescued.rate, made.rescued.rows) == (0.25, 8)
    assert made.open == 0
    early = estimate(queue, [done[0], *done[4:9]])
    assert (early.open, early.run) == (3, None)
    assert early.rest is not None and (early.rest.rate, early.rest.reviewed) == (0.4, 5)
    assert estimate(queue, done[:4]).rest is None


def test_changes_by_label() -> None:
    text = "Anna mag Oslo und Rom"
    old = replace(
        item(0, "random").row,
        text=text,
        spans=(Span(0, 4, "PER"), Span(9, 13, "LOC"), Span(14, 17, "PER"), Span(18, 21, "PER")),
        label="x",
    )
    new = (Span(0, 4, "PER"), Span(9, 17, "LOC"), Span(18, 21, "LOC"), Span(5, 8, "ORG"))
    queued = QueueItem(old, "random", 1.0, 0.5, {})
    corrections = [
        Correction(queued, replace(old, spans=new, label="y")),
        Correction(queued, old),
        Correction(queued, None),
    ]
    changes = summarize_changes(corrections)
    assert (changes.accepted, changes.corrected, changes.dropped) == (1, 1, 1)
    assert changes.spans == {
        "PER": LabelChanges(kept=4, relabelled=1, removed=1),
        "LOC": LabelChanges(kept=1, moved=1),
        "ORG": LabelChanges(added=1),
    }
    assert changes.labels == {"x": LabelChanges(kept=1, relabelled=1)}
    assert changes.relabelled == {"PER -> LOC": 1, "x -> y": 1}


def test_a_text_written_anew_has_the_same_labels() -> None:
    old = item(0, "random")
    text = "Zu Oslo hat Anna Lust"
    spans = (Span(3, 7, "LOC"), Span(12, 16, "PER"))
    anew = Correction(old, replace(old.row, text=text, spans=spans))
    assert anew.edited and anew.is_error and not anew.relabelled
    assert summarize_changes([anew]).spans == {"PER": LabelChanges(1), "LOC": LabelChanges(1)}
    fewer = Correction(old, replace(old.row, text=text, spans=spans[:1]))
    assert fewer.relabelled
    assert summarize_changes([fewer]).spans["PER"] == LabelChanges(removed=1)


WORDS = st.text("ab é😀", max_size=8)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, st.text("ab é😀", min_size=1, max_size=5), WORDS, WORDS)
def test_spans_move_with_a_change_before_or_after_them(
    before: str, span: str, after: str, other: str
) -> None:
    text = f"{before}[{span}]{after}"
    spans = [Span(len(before), len(before) + len(span) + 2, "a")]
    for new in (f"{other}[{span}]{after}", f"{before}[{span}]{other}", f"{before}[{other}]{after}"):
        (moved,) = moved_spans(text, new, spans)
        if moved is not None:
            covered = new[moved.start : moved.end]
            assert covered.startswith("[") and covered.endswith("]"), (text, new)
    assert moved_spans(text, text, spans) == spans
    (moved,) = moved_spans(text, f"{other}#{text}", spans)
    assert moved is not None and moved.start == spans[0].start + len(other) + 1
