"""What must hold of every projector, for any text and any alignment."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.projectors import load_projector
from alignment.projectors.attention.joint_placement import best_run, place_spans
from alignment.protocol import ProjectionInput, SegmentAlignment, SpanProjector
from alignment.words.splitting import split_words
from corpora.records import Span
from corpora.text.graphemes import is_boundary
from tests.helpers.projection_inputs import (
    aligned_segment,
    check_projection,
    linked_input,
    placed_texts,
)

LABELS = ("PER", "LOC", "date")


def projectors() -> dict[str, SpanProjector]:
    return {
        "attention": load_projector("attention"),
        "aligned": load_projector("aligned"),
        "aligned-attention": load_projector("aligned", aligner="attention"),
        "complete": load_projector("aligned", complete=("source", "target", "instance")),
        "vote": load_projector("vote"),
    }


PROJECTORS = projectors()
every_projector = pytest.mark.parametrize("name", list(PROJECTORS))


def test_the_confidence_is_that_of_the_run_where_the_span_ended_up() -> None:
    """Recall and precision of attention, whether a span was placed alone or against others."""
    source, target = "alfa beta gamma delta", "eins zwei drei vier fünf"
    words = [split_words(text).offsets for text in (source, target)]
    spans = tuple(Span(start, end, "X") for start, end in words[0])
    rng = np.random.default_rng(1)
    for _ in range(200):
        table = rng.dirichlet(np.full(4, 0.5), 5).astype(np.float32)
        row = ProjectionInput(source, spans, target, (SegmentAlignment(words[0], words[1], table),))
        for number, span in enumerate(load_projector("attention").project([row])[0].placed):
            if span is None:
                continue
            inside = [i for i, (start, _) in enumerate(words[1]) if span.start <= start < span.end]
            held = table[inside, number].sum()
            recall, precision = held / table[:, number].sum(), held / table[inside].sum()
            assert span.confidence == pytest.approx(np.sqrt(recall * precision), abs=1e-5)


TEXT = st.text(
    st.sampled_from("aB ñ e\u0301 한국กำ่ไทย中文カ🇩🇪👩\u200d🚀\ufe0f .,-(%) \n9١"), max_size=30
)


@st.composite
def spans_in(draw: st.DrawFn, text: str) -> tuple[Span, ...]:
    edges = [i for i in range(len(text) + 1) if is_boundary(text, i)]
    chosen = sorted(draw(st.sets(st.sampled_from(edges), max_size=6)))
    return tuple(
        Span(start, end, draw(st.sampled_from(LABELS)))
        for start, end in zip(chosen[::2], chosen[1::2], strict=False)
    )


@st.composite
def pieces_of(draw: st.DrawFn, text: str) -> tuple[tuple[int, int], ...]:
    """Pieces as a tokenizer makes them: in order, anywhere, some standing for nothing."""
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return tuple(pairwise(cuts))


@st.composite
def rows(draw: st.DrawFn) -> ProjectionInput:
    source, target = draw(TEXT), draw(TEXT)
    segments = []
    for _ in range(draw(st.integers(0, 1))):
        sources, targets = draw(pieces_of(source)), draw(pieces_of(target))
        seed = draw(st.integers(0, 2**16))
        attention = np.random.default_rng(seed).random((len(targets), len(sources)))
        attention = (attention**8 / max(len(sources), 1)).astype(np.float32)
        segments.append(
            SegmentAlignment(sources, targets, None if draw(st.booleans()) else attention)
        )
    return ProjectionInput(source, draw(spans_in(source)), target, tuple(segments))


@every_projector
@settings(max_examples=40, deadline=None)
@given(batch=st.lists(rows(), max_size=4))
def test_every_projection_is_sound(name: str, batch: list[ProjectionInput]) -> None:
    projections = PROJECTORS[name].project(batch)
    assert len(projections) == len(batch)
    for row, projection in zip(batch, projections, strict=True):
        check_projection(row, projection)


WORDS = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzäßéж中ก"), min_size=2, max_size=7),
    min_size=2, max_size=9, unique_by=lambda word: word.casefold(),
)  # fmt: skip


@st.composite
def sentences(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, int]]]:
    """Words, and word ranges that are spans."""
    words = draw(WORDS)
    cuts = sorted(draw(st.sets(st.integers(0, len(words)), min_size=2, max_size=4)))
    return words, list(zip(cuts[::2], cuts[1::2], strict=False))


def offsets(words: list[str]) -> list[tuple[int, int]]:
    ends = np.cumsum([len(word) + 1 for word in words]) - 1
    return [(int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)]


def row_of(words: list[str], ranges: list[tuple[int, int]], order: list[int]) -> ProjectionInput:
    """The words, and the same words in another order, with perfect attention."""
    source, target = " ".join(words), " ".join(words[i] for i in order)
    edges = offsets(words)
    spans = tuple(
        Span(edges[a][0], edges[b - 1][1], LABELS[i % 3]) for i, (a, b) in enumerate(ranges)
    )
    pieces = split_words(source).strings(), split_words(target).strings()
    links = [(pieces[0].index(word), j) for j, word in enumerate(pieces[1])]
    return linked_input(source, target, spans, links)


@pytest.mark.parametrize("name", ["attention", "aligned", "aligned-attention", "vote"])
@settings(max_examples=40, deadline=None)
@given(batch=st.lists(sentences(), min_size=1, max_size=4))
def test_onto_itself_nothing_changes(
    name: str, batch: list[tuple[list[str], list[tuple[int, int]]]]
) -> None:
    inputs = [row_of(words, ranges, list(range(len(words)))) for words, ranges in batch]
    inputs = [
        row
        for row in inputs
        if len(set(split_words(row.source).strings())) == len(split_words(row.source).strings())
    ]
    for row, projection in zip(inputs, PROJECTORS[name].project(inputs), strict=True):
        assert [(s.start, s.end, s.label) for s in projection.placed if s is not None] == [
            (s.start, s.end, s.label) for s in row.spans
        ]


@pytest.mark.parametrize("name", ["attention", "aligned-attention"])
@settings(max_examples=60, deadline=None)
@given(words=WORDS, data=st.data())
def test_permuted_words_give_permuted_spans(
    name: str, words: list[str], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(words))))
    pieces = split_words(" ".join(words)).strings()
    if len(set(pieces)) < len(pieces):
        return
    chosen = data.draw(st.sets(st.integers(0, len(words) - 1), min_size=1, max_size=4))
    row = row_of(words, [(i, i + 1) for i in sorted(chosen)], list(order))
    projection = PROJECTORS[name].project([row])[0]
    assert placed_texts(row, projection) == [
        (row.source[s.start : s.end], s.label) for s in row.spans
    ]


@pytest.mark.parametrize("name", ["attention", "aligned", "aligned-attention", "vote"])
def test_repeated_mentions_are_an_assignment(name: str) -> None:
    source = target = "Anna saw Anna and Bob saw Anna"
    spans = [Span(0, 4, "PER"), Span(9, 13, "PER"), Span(18, 21, "PER"), Span(26, 30, "PER")]
    row = linked_input(source, target, spans, [(i, i) for i in range(7)])
    projection = PROJECTORS[name].project([row])[0]
    assert {(s.start, s.end) for s in projection.placed if s is not None} == {
        (s.start, s.end) for s in spans
    }


@pytest.mark.parametrize("name", ["attention", "aligned-attention"])
def test_mentions_that_attend_to_the_same_word_do_not_share_it(name: str) -> None:
    # Both target names attend to both source names; the assignment must use both.
    source, target = "Anna met Anna", "Anna traf Anna"
    attention = np.array([[0.5, 0.0, 0.45], [0.0, 1.0, 0.0], [0.5, 0.0, 0.45]], np.float32)
    pieces = [split_words(text).offsets for text in (source, target)]
    row = ProjectionInput(
        source, (Span(0, 4, "PER"), Span(9, 13, "PER")), target,
        (SegmentAlignment(pieces[0], pieces[1], attention),),
    )  # fmt: skip
    projection = PROJECTORS[name].project([row])[0]
    assert {(s.start, s.end) for s in projection.placed if s is not None} == {(0, 4), (10, 14)}


@pytest.mark.parametrize("name", ["attention", "aligned", "aligned-attention"])
def test_a_span_may_be_the_whole_sentence(name: str) -> None:
    source, target = "wake me at seven", "weck mich um sieben"
    row = linked_input(source, target, [Span(0, 16, "all")], [(i, i) for i in range(4)])
    assert placed_texts(row, PROJECTORS[name].project([row])[0]) == [(target, "all")]


@pytest.mark.parametrize("name", ["attention", "aligned", "aligned-attention"])
def test_spans_of_two_hundred_words(name: str) -> None:
    words = [f"{a}{b}x" for a in "bcdfghjklmnprst" for b in "aeiouäöüyàéêîôû"][:220]
    order = [*range(10, 210), *range(10), *range(210, 220)]
    row = row_of(words, [(10, 210)], order)
    projection = PROJECTORS[name].project([row])[0]
    assert projection.placed[0] is not None
    assert (projection.placed[0].start, projection.placed[0].end) == (
        0,
        len(" ".join(words[10:210])),
    )


@pytest.mark.parametrize("name", ["attention", "aligned-attention"])
def test_spans_across_sentences(name: str) -> None:
    first, second = ("One two.", "Eins zwei."), ("Three four.", "Drei vier.")
    source, target = f"{first[0]} {second[0]}", f"{first[1]} {second[1]}"
    segments = (
        aligned_segment(*first, [(0, 0), (1, 1), (2, 2)]),
        aligned_segment(*second, [(0, 0), (1, 1), (2, 2)], (len(first[0]) + 1, len(first[1]) + 1)),
    )
    spans = (Span(0, 3, "a"), Span(4, 14, "b"), Span(15, 19, "c"))
    row = ProjectionInput(source, spans, target, segments)
    assert placed_texts(row, PROJECTORS[name].project([row])[0]) == [
        ("Eins", "a"), ("zwei. Drei", "b"), ("vier", "c"),
    ]  # fmt: skip


@every_projector
def test_nothing_in_nothing_out(name: str) -> None:
    assert PROJECTORS[name].project([]) == []
    empty = ProjectionInput("a b", (), "c d")
    assert PROJECTORS[name].project([empty])[0].placed == ()
    blank = ProjectionInput("a b", (Span(0, 1, "X"),), "")
    projection = PROJECTORS[name].project([blank, empty])[0]
    assert projection.placed == (None,)
    assert projection.reasons[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_joint_placing_is_optimal(spans: int, units: int, seed: int) -> None:
    """Against trying everything, where no span's best run is free of the others."""
    scores = np.random.default_rng(seed).normal(0.3, 1.0, (spans, units))
    scores[:] = scores[0] + 0.01 * scores  # all want the same units
    runs = place_spans(scores)
    taken = [run for run in runs if run is not None]
    assert all(a[1] <= b[0] or b[1] <= a[0] for i, a in enumerate(taken) for b in taken[i + 1 :])
    total = sum(scores[i, a:b].sum() for i, run in enumerate(runs) if run for a, b in [run])
    assert total == pytest.approx(_best_total(scores, 0, frozenset()), abs=1e-9)


def _best_total(scores: np.ndarray, unit: int, used: frozenset[int]) -> float:
    if unit == scores.shape[1]:
        return 0.0
    best = _best_total(scores, unit + 1, used)
    for span in set(range(len(scores))) - used:
        for end in range(unit + 1, scores.shape[1] + 1):
            rest = _best_total(scores, end, used | {span})
            best = max(best, float(scores[span, unit:end].sum()) + rest)
    return best


def test_best_run() -> None:
    assert best_run(np.array([-1.0, 2.0, -0.5, 1.0, -3.0, 2.0])) == (1, 4, 2.5)
    assert best_run(np.array([-1.0, -2.0])) == (0, 0, 0.0)
