"""Which rows are drawn for a review, in which order, and with which probability."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from augmentation.review.doubt import doubts
from augmentation.review.queue import Queue, draw_queue
from augmentation.review.run import review_export
from augmentation.translate_train.runs import final_rows, open_finished
from corpora.batches import rows_to_batch
from corpora.errors import UserError
from corpora.records import Provenance, Row, Span
from tests.helpers.review_runs import run_to_review
from tests.helpers.toy_translator import translate_by_toy


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        translate_by_toy(patch)
        return run_to_review(tmp_path_factory.mktemp("review"), 60)


def translated(confidences: list[float], score: float, sources: int, **scores: float) -> Row:
    spans = tuple(Span(2 * i, 2 * i + 1, "a", "aligned", c) for i, c in enumerate(confidences))
    source_spans = tuple(Span(i, i + 1, "a") for i in range(sources))
    origin = Provenance(
        "s", "en", "source", "translate-train", "m", score, None, source_spans, scores
    )
    return Row("r", "de", "a b c d e", spans=spans, provenance=origin)


def test_doubt_is_that_some_signal_is_right() -> None:
    rows = [
        translated([0.5, 0.5], 0.0, 2),
        translated([], math.log(0.5), 0),
        translated([0.9], 0.0, 2),
        translated([1.0], 0.0, 1, **{"length-ratio": 4.0, "language": 0.2, "other": 7.0}),
        translated([0.8], math.log(0.5), 1, **{"round-trip": 0.5, "untranslated": 0.0}),
    ]
    doubt, signals = doubts(rows_to_batch(rows), lost_spans=True)
    expected = [0.75, 0.5, 1.0, 1 - 0.25 * 0.8, 1 - 0.8 * 0.5 * 0.5]
    assert doubt == pytest.approx(expected)
    assert set(signals) == {
        *("spans", "translation", "length-ratio", "language", "untranslated", "round-trip")
    }
    assert doubts(rows_to_batch(rows[2:3]), lost_spans=False)[0] == pytest.approx([0.1])
    # A part of a batch is not a batch of its own to Arrow.
    assert doubts(rows_to_batch(rows).slice(3), lost_spans=True)[0] == pytest.approx(expected[3:])


def test_the_queue(run: Path) -> None:
    finished = open_finished(run)
    queue = draw_queue(finished, "de", least_sure=10, at_random=11, dropped=True)
    rows = list(final_rows(run, "de"))
    doubt = doubts(rows_to_batch(rows), lost_spans=True)[0]
    least = [item for item in queue.items if item.drawn == "least-sure"]
    assert [item.doubt for item in least] == sorted(doubt, reverse=True)[:10]
    assert all(item.probability == 1.0 for item in least)
    sample = queue.drawn("random")
    assert {i.probability for i in sample} == {11 / 44}
    ids = {item.row.id for item in queue.items}
    assert len(ids) == len(queue.items) == 10 + 11 + 6
    kept = [item for item in queue.items if item.drawn != "dropped"]
    assert all(item.row in rows for item in kept)
    dropped = queue.drawn("dropped")
    assert {i.row.id for i in dropped} == {f"r{n}-de" for n in range(9, 60, 10)}
    assert all(item.reason.startswith("unplaced-span") for item in dropped)
    assert (queue.rows, queue.dropped, queue.labels) == (54, 6, ("alarm", "music"))
    # Random rows are spread, so that whoever stops early has seen some of them.
    first_half = [item.drawn for item in queue.items[:10]]
    assert 4 <= first_half.count("random") <= 6
    assert draw_queue(finished, "de", least_sure=10, at_random=11, dropped=True) == queue


def test_random_rows_are_any_of_the_others(run: Path) -> None:
    """Over many seeds every row that is not least sure is drawn as often as it should be."""
    finished = open_finished(run)
    counts: dict[str, int] = {}
    for seed in range(30):
        object.__setattr__(finished.config, "seed", seed)
        for item in draw_queue(finished, "de", least_sure=10, at_random=11, dropped=False).drawn(
            "random"
        ):
            counts[item.row.id] = counts.get(item.row.id, 0) + 1
    assert len(counts) == 44
    # 30 draws at 1/4 have a standard deviation of 2.4.
    assert np.ptp(list(counts.values())) < 8 * 2.4


@pytest.mark.parametrize(
    ("least_sure", "at_random"), [(0, 0), (0, 99), (99, 0), (54, 5), (0, None)]
)
def test_sizes_at_the_edge(run: Path, least_sure: int, at_random: int | None) -> None:
    queue = draw_queue(
        open_finished(run), "de", least_sure=least_sure, at_random=at_random, dropped=False
    )
    assert len(queue.drawn("least-sure")) == min(least_sure, 54)
    rest = 54 - min(least_sure, 54)
    assert len(queue.drawn("random")) == min(30 if at_random is None else at_random, rest)
    assert all(0 < item.probability <= 1 for item in queue.items)


def test_saved_and_loaded(run: Path) -> None:
    exported = review_export(run, "html", least_sure=5, dropped=True)
    path = run / "review" / "de" / "queue.arrow"
    assert Queue.load(path) == exported.queue
    content = path.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"something else"):
        path.write_bytes(damaged)
        with pytest.raises(UserError, match="damaged; export the queue again"):
            Queue.load(path)
    path.unlink()
    with pytest.raises(UserError, match="nothing of this run was exported for review"):
        Queue.load(path)
