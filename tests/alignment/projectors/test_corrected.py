"""Spans placed by what people made of spans of the same text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment.projectors.corrected import CorrectedProjector
from alignment.protocol import Projection, ProjectionInput, SegmentAlignment
from corpora.records import Span


class Placed:
    """A projector whose answers are given."""

    name = "placed"

    def __init__(self, *placed: Span | None) -> None:
        self._placed = placed

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        reasons = tuple("" if span else "unaligned" for span in self._placed)
        return [Projection(self._placed, reasons) for _ in inputs]


def span_at(text: str, part: str, confidence: float = 0.9, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = text.index(part, start + 1)
    return Span(start, start + len(part), "LOC", "placed", confidence)


SOURCE = "He left the United States in May."
TARGET = "Er verließ die Vereinigten Staaten im Mai."


def project(
    phrases: Mapping[str, Mapping[str, int]],
    *placed: Span | None,
    target: str = TARGET,
    source: str = SOURCE,
    parts: Sequence[str] = ("United States",),
    segments: tuple[SegmentAlignment, ...] = (),
) -> list[str | None]:
    spans = tuple(span_at(source, part) for part in parts)
    row = ProjectionInput(source, spans, target, segments)
    (made,) = CorrectedProjector(Placed(*placed), phrases).project([row])
    assert [bool(reason) for reason in made.reasons] == [span is None for span in made.placed]
    return [None if s is None else target[s.start : s.end] for s in made.placed]


ARTICLE = {"united  STATES": {"die vereinigten staaten": 2}}


def test_what_had_no_place_gets_one() -> None:
    assert project({"United States": {"Vereinigten Staaten": 1}}, None) == ["Vereinigten Staaten"]
    assert project({"United States": {"Staaten": 1, "Vereinigten Staaten": 1}}, None) == [
        "Vereinigten Staaten"
    ]
    assert project({"United States": {"USA": 1}}, None) == [None]
    assert project({}, None) == [None]


def test_edges_move_to_what_people_chose() -> None:
    placed = span_at(TARGET, "Vereinigten Staaten")
    assert project(ARTICLE, placed) == ["die Vereinigten Staaten"]
    once = {"United States": {"die Vereinigten Staaten": 1}}
    assert project(once, placed) == ["Vereinigten Staaten"]
    doubtful = span_at(TARGET, "Vereinigten Staaten", 0.7)
    assert project(once, doubtful) == ["die Vereinigten Staaten"]
    usual = {"United States": {"die Vereinigten Staaten": 2, "Vereinigten Staaten": 3}}
    assert project(usual, placed) == ["Vereinigten Staaten"]


def test_a_confident_place_is_left_where_the_phrase_is_elsewhere() -> None:
    phrases = {"United States": {"Mai": 5}}
    assert project(phrases, span_at(TARGET, "Staaten")) == ["Staaten"]
    assert project(phrases, span_at(TARGET, "Staaten", 0.2)) == ["Mai"]


def test_of_two_places_none_is_taken() -> None:
    target = "Oslo, Oslo"
    phrases = {"Oslo": {"Oslo": 3}}
    assert project(phrases, None, source="Oslo", parts=["Oslo"], target=target) == [None]
    assert project(
        phrases, None, span_at(target, "Oslo"), source="Oslo by Oslo", parts=["Oslo", "Oslo"],
        target=target,
    ) == ["Oslo", "Oslo"]  # fmt: skip


def test_no_span_comes_to_overlap_another() -> None:
    other = span_at(TARGET, "die")
    assert project(
        ARTICLE, span_at(TARGET, "Vereinigten Staaten"), other, parts=["United States", "the"]
    ) == ["Vereinigten Staaten", "die"]


def test_whole_words_alone() -> None:
    phrases = {"May": {"Mai": 4}}
    assert project(phrases, None, target="Der Maibaum", parts=["May"]) == [None]


def test_the_span_stays_in_its_sentence() -> None:
    source, target = "Go to Oslo. Stop.", "Geh hin. Halt in Oslo."
    segments = (
        SegmentAlignment(((0, 11),), ((0, 8),), None),
        SegmentAlignment(((12, 17),), ((9, 22),), None),
    )
    phrases = {"Oslo": {"Oslo": 3}}
    assert project(phrases, None, source=source, target=target, parts=["Oslo"]) == ["Oslo"]
    assert project(
        phrases, None, source=source, target=target, parts=["Oslo"], segments=segments
    ) == [None]


def test_it_is_called_and_learns_as_the_projector_that_it_corrects() -> None:
    projector = CorrectedProjector(Placed(), {})
    assert (projector.name, projector.learns) == ("placed", False)
    assert projector.project([]) == []


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(["die", "Vereinigten", "Staaten", "Mai", "im", "😀"]), min_size=1))
def test_placed_spans_are_sound(words: list[str]) -> None:
    target = " ".join(words)
    phrases = {
        "United States": {"die Vereinigten Staaten": 2, "Staaten": 1, "😀": 1},
        "May": {"Mai": 1, "im Mai": 2},
    }
    first = Span(0, len(words[0]), "LOC", "placed", 0.3)
    spans = (span_at(SOURCE, "United States"), span_at(SOURCE, "May"))
    row = ProjectionInput(SOURCE, spans, target)
    (made,) = CorrectedProjector(Placed(first, None), phrases).project([row])
    placed = sorted((s for s in made.placed if s is not None), key=lambda s: s.start)
    for span in placed:
        assert 0 <= span.start < span.end <= len(target)
        assert target[span.start : span.end].split()[0] in words
    assert all(a.end <= b.start for a, b in pairwise(placed))


@pytest.mark.parametrize("phrase", ["", "  "])
def test_empty_phrases(phrase: str) -> None:
    assert project({"United States": {phrase: 9}}, None) == [None]
