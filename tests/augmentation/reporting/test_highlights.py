from __future__ import annotations

from augmentation.reporting.highlights import Piece, split_at_spans
from corpora.records import Span


def test_a_text_is_cut_at_its_spans() -> None:
    spans = [Span(5, 8, "b"), Span(0, 2, "a")]
    assert split_at_spans("ab c\td\nf g", spans) == [
        Piece("ab", "a"), Piece(" c␉", None), Piece("d␊f", "b"), Piece(" g", None)
    ]  # fmt: skip
    assert split_at_spans("", []) == []


def test_of_spans_that_overlap_the_first_and_longest_is_shown() -> None:
    spans = [Span(2, 6, "inner"), Span(0, 2, "short"), Span(0, 4, "long"), Span(4, 5, "next")]
    assert [(piece.text, piece.label) for piece in split_at_spans("abcdef", spans)] == [
        ("abcd", "long"), ("e", "next"), ("f", None)
    ]  # fmt: skip
