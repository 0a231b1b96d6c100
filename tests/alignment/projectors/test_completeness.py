from __future__ import annotations

from alignment.projectors import load_projector
from alignment.protocol import ProjectionInput
from corpora.records import Span
from tests.helpers.projection_inputs import linked_input, placed_texts, spans_in

SOURCE = "the Foreign Office in Paris"
TARGET = "das Auswärtige Amt in Paris"
SPANS = spans_in(SOURCE, ("Foreign Office", "ORG"), ("Paris", "LOC"))


def outcome(row: ProjectionInput, *complete: str) -> tuple[str, ...]:
    projector = load_projector("aligned", aligner="attention", complete=complete)
    return projector.project([row])[0].reasons


def test_a_span_whose_words_all_have_partners_is_complete() -> None:
    row = linked_input(SOURCE, TARGET, SPANS, [(i, i) for i in range(5)])
    assert outcome(row, "source", "target", "instance") == ("", "")


def test_a_source_word_without_partner() -> None:
    # "Foreign" became nothing: "Office" alone is "Ministerium".
    row = linked_input(SOURCE, "das Ministerium in Paris", SPANS, [(0, 0), (2, 1), (3, 2), (4, 3)])
    assert outcome(row) == ("", "")
    assert outcome(row, "source") == ("incomplete", "")
    assert outcome(row, "target") == ("", "")
    assert outcome(row, "source", "instance") == ("incomplete", "incomplete")


def test_what_is_given_up_is_not_placed() -> None:
    row = linked_input(SOURCE, "das Ministerium in Paris", SPANS, [(0, 0), (2, 1), (3, 2), (4, 3)])
    projection = load_projector("aligned", aligner="attention", complete=("source",)).project(
        [row]
    )[0]
    assert placed_texts(row, projection) == [None, ("Paris", "LOC")]


def test_least_confidence() -> None:
    row = linked_input(SOURCE, TARGET, SPANS, [(i, i) for i in range(5)])
    projector = load_projector("aligned", aligner="attention", minimum_confidence=1.0)
    assert projector.project([row])[0].reasons == ("unsure", "unsure")


def test_rows_of_thousands_of_words_do_not_fill_the_memory() -> None:
    long = " ".join(f"word{number}" for number in range(20_000))
    rows = [
        ProjectionInput("Anna sees Rome", (Span(10, 14, "LOC"),), "Anna sieht Rom"),
        ProjectionInput(long, (Span(0, 5, "X"),), long),
    ]
    short, given_up = load_projector("aligned").project(rows)
    assert [span.label for span in short.spans()] == ["LOC"]
    # The long row has no alignment, and the reasons say so.
    assert given_up.placed == (None,)
    assert all(given_up.reasons)
