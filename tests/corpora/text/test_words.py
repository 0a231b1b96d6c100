"""Words by Unicode's rules."""

from hypothesis import given, settings

from corpora.records import Row, Span
from corpora.text.words import words, words_of_row
from tests.helpers.row_strategies import rows


def strings(text: str) -> list[str]:
    return [text[start:end] for start, end in words(text)]


def test_words_numbers_and_signs() -> None:
    assert strings("Don't pay $3.14, Müller-Lüdenscheidt!") == [
        "Don't", "pay", "$", "3.14", ",", "Müller", "-", "Lüdenscheidt", "!",
    ]  # fmt: skip
    assert strings("日本の テスト 👩‍👩‍👧!") == ["日", "本", "の", "テスト", "👩‍👩‍👧", "!"]
    assert strings("  ") == []


def test_spans_cut_words() -> None:
    row = Row("1", "de", "Berlins Bürgermeister", spans=(Span(0, 6, "LOC"),))
    assert words_of_row(row) == [(0, 6), (6, 7), (8, 21)]


def test_text_between_given_tokens_is_not_lost() -> None:
    row = Row("1", "de", "ab, cd ef", tokens=((0, 2), (4, 6)))
    assert words_of_row(row) == [(0, 2), (2, 3), (4, 6), (7, 9)]


@given(rows())
@settings(max_examples=100, deadline=None)
def test_words_are_in_order_and_leave_out_only_spaces(row: Row) -> None:
    found = words_of_row(row)
    last = 0
    for start, end in found:
        assert last <= start < end
        assert not row.text[last:start].strip()
        assert not any(sign in row.text[start:end] for sign in "\t\r\n")
        last = end
    assert not row.text[last:].strip()
    edges = {offset for span in row.spans for offset in (span.start, span.end)}
    assert not any(start < edge < end for start, end in found for edge in edges)
