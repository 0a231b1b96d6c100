"""Files of which a part is bad: that part is dropped with its reason, everything else is read."""

import json
from pathlib import Path

import pytest

from corpora.batches import dropped_to_batch, rows_to_batch
from corpora.errors import UserError
from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Row, Span
from corpora.writers import write_corpus


def batch_of(path: Path, content: str | bytes, task: str) -> CorpusBatch:
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    path.write_bytes(data)
    (batch,) = open_corpus(path, task=task, lang="de", on_error="skip").batches()
    rows_to_batch(batch.rows)
    dropped_to_batch(batch.dropped)
    return batch


def reasons(batch: CorpusBatch) -> list[tuple[str, str]]:
    return [(d.detail.split(":")[0], d.reason) for d in batch.dropped]


def refused(path: Path, task: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        list(open_corpus(path, task=task, lang="de").rows())


def spans_of(rows: list[Row]) -> list[tuple[str, tuple[Span, ...]]]:
    return [(row.text, row.spans) for row in rows]


# Quotes of CSV.


def test_wrong_quotes_cost_their_own_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    batch = batch_of(path, 'text,label\na,1\n"b"c,2\nd,3\n"e\nf",4\n', "classification")
    assert [row.text for row in batch.rows] == ["a", "d", "e\nf"]
    assert reasons(batch) == [("line 3", "bad-quotes")]
    assert batch.dropped[0].row.text == '"b"c,2'
    refused(path, "classification", "line 3: the quotes are not as CSV has them")


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = ["text,label", "a,1", 'b,"2', "c,3", 'd,"4"', "", '"e', 'f",5', 'g,"6', "h,7"]
    batch = batch_of(path, "\n".join(lines), "classification")
    assert [row.text for row in batch.rows] == ["a", "c", "d", "e\nf", "h"]
    assert reasons(batch) == [("line 3", "bad-quotes"), ("line 9", "bad-quotes")]
    refused(path, "classification", "line 3: the quotes are not as CSV has them")


def test_numbers_of_lines_are_right_after_wrong_quotes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    batch = batch_of(path, 'text,label\n"a,1\nb,2\n"c\nd",3\ne\n', "classification")
    assert [row.text for row in batch.rows] == ["b", "c\nd"]
    assert reasons(batch) == [("line 2", "bad-quotes"), ("line 6", "ragged-columns")]


def test_a_header_with_wrong_quotes_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="line 1: the quotes are not as CSV has them"):
        batch_of(tmp_path / "x.csv", '"text"x,label\na,b\n', "classification")


@pytest.mark.parametrize("name", ["x.csv", "x.tsv"])
def test_a_carriage_return_without_quotes_is_called_what_it_is(tmp_path: Path, name: str) -> None:
    text = "text,label\na\rb,1\nc,2\n".replace(",", "\t" if name == "x.tsv" else ",")
    batch = batch_of(tmp_path / name, text, "classification")
    assert [row.text for row in batch.rows] == ["c"]
    refused(tmp_path / name, "classification", "line 2: there is a carriage return in a field")


# Bytes that are not UTF-8.


@pytest.mark.parametrize(
    ("name", "task", "good", "bad"),
    [
        ("x.jsonl", "text", b'{"text": "gut %d"}\n', b'{"text": "schl\xe4cht"}\n'),
        ("x.txt", "text", b"gut %d\n", b"schl\xe4cht\n"),
        ("x.conll", "tokens", b"gut O\n%d O\n\n", b"schl\xe4cht O\nx O\n\n"),
    ],
)
def test_a_byte_that_is_not_utf8_costs_its_own_record(
    tmp_path: Path, name: str, task: str, good: bytes, bad: bytes
) -> None:
    path = tmp_path / name
    batch = batch_of(path, good % 1 + bad + good % 2, task)
    assert [row.text for row in batch.rows] == ["gut 1", "gut 2"]
    assert [d.reason for d in batch.dropped] == ["not-utf8"]
    assert "not UTF-8: byte 0xe4" in batch.dropped[0].detail
    assert "schl\ufffdcht" in batch.dropped[0].row.text
    refused(path, task, "not UTF-8: byte 0xe4 at byte offset")


@pytest.mark.parametrize(("name", "sign"), [("x.csv", b","), ("x.tsv", b"\t")])
def test_a_byte_of_a_table_that_is_not_utf8(tmp_path: Path, name: str, sign: bytes) -> None:
    lines = [b"text,label", b"a,1", b"\xe4,2", b"b,3"]
    content = b"".join(line.replace(b",", sign) + b"\n" for line in lines)
    batch = batch_of(tmp_path / name, content, "classification")
    assert [row.text for row in batch.rows] == ["a", "b"]
    assert reasons(batch) == [("line 3", "not-utf8")]
    with pytest.raises(UserError, match="line 1: not UTF-8: byte 0xe4"):
        batch_of(tmp_path / name, content.replace(b"label", b"l\xe4bel"), "classification")


def test_a_byte_of_squad_that_is_not_utf8(tmp_path: Path) -> None:
    question = '{"id": "%s", "question": "%s?", "answers": []}'
    questions = ", ".join(question % (sign, sign) for sign in "abc")
    text = '{"data": [{"paragraphs": [{"context": "x", "qas": [' + questions + "]}]}]}"
    content = text.encode().replace(b"b?", b"b\xe4?")
    batch = batch_of(tmp_path / "x.json", content, "qa")
    assert [row.id for row in batch.rows] == ["a", "c"]
    assert reasons(batch) == [("row 2", "lone-surrogate")]


# CoNLL.


def test_the_first_line_does_not_decide_how_many_columns_there_are(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    batch = batch_of(path, "a x O\n\nb O\nc B-X\n\nd O\n", "tokens")
    assert [row.text for row in batch.rows] == ["b c", "d"]
    assert reasons(batch) == [("line 1", "ragged-columns")]
    refused(path, "tokens", "line 1: columns: 3, where 2 were expected")


def test_one_line_without_tab_does_not_decide_what_parts_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    batch = batch_of(path, "New York\tB-LOC\n\nkein Tab\n\nam Main\tO\n", "tokens")
    assert spans_of(batch.rows) == [("New York", (Span(0, 8, "LOC"),)), ("am Main", ())]
    assert reasons(batch) == [("line 3", "ragged-columns")]


def test_tabs_and_spaces_may_be_mixed(tmp_path: Path) -> None:
    batch = batch_of(tmp_path / "x.conll", "a\tO\nb\tO\n\nc B-X\n", "tokens")
    assert spans_of(batch.rows) == [("a b", ()), ("c", (Span(0, 1, "X"),))]


def test_one_wrong_number_does_not_make_numbers_of_all_tokens(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    text = "1\ta\tO\n2\tb\tB-X\n\n1\tc\tO\n3\td\tO\n\n1\te\tO\n\nf\tg\tO\n"
    batch = batch_of(path, text, "tokens")
    assert spans_of(batch.rows) == [("a b", (Span(2, 3, "X"),)), ("c d", ()), ("e", ())]
    assert reasons(batch) == [("line 9", "bad-index")]
    refused(path, "tokens", "line 9: 'f' is not the number of a token")


@pytest.mark.parametrize("tag", ["LOC", "S-LOC", "E-LOC", "U-LOC", "Sonstiges"])
def test_one_wrong_tag_does_not_decide_the_scheme(tmp_path: Path, tag: str) -> None:
    path = tmp_path / "x.conll"
    batch = batch_of(path, f"a {tag}\n\nb O\nc B-X\nd O\n\ne B-X\nf I-X\n\ng B-X\n", "tokens")
    assert [row.text for row in batch.rows] == ["b c d", "e f", "g"]
    assert reasons(batch) == [("line 1", "illegal-tag")]
    refused(path, "tokens", f"line 1: '{tag}' is not a tag of IOB2")


def test_one_wrong_tag_of_bioes_does_not_decide_the_scheme(tmp_path: Path) -> None:
    batch = batch_of(tmp_path / "x.conll", "a B-X\nb O\n\nc B-X\nd E-X\n\ne S-X\n", "tokens")
    assert [row.text for row in batch.rows] == ["c d", "e"]
    assert reasons(batch) == [("line 2", "illegal-tag")]


@pytest.mark.parametrize("comment", ["", "# text = zum\n"])
def test_a_sentence_without_tokens(tmp_path: Path, comment: str) -> None:
    text = f"1\ta\tO\n2\tb\tB-X\n\n{comment}1-2\tzum\t_\n\n1\tc\tO\n"
    batch = batch_of(tmp_path / "x.conllu", text, "tokens")
    assert [row.text for row in batch.rows] == ["a b", "c"]
    assert [reason for _, reason in reasons(batch)] == ["empty-text"]


# Labels.


def test_a_row_without_a_label_is_bad_where_labels_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.conll"
    batch = batch_of(path, "# intent = a\nb O\n\nc O\n", "classification")
    assert [row.label for row in batch.rows] == ["a"]
    assert reasons(batch) == [("line 4", "missing-label")]
    refused(path, "classification", "line 4: there is no label")
    assert len(list(open_corpus(path, task="classification", labelled=False).rows())) == 2
    path = tmp_path / "x.arrow"
    write_corpus([Row("1", "de", "a", label="b"), Row("2", "de", "c")], path)
    refused(path, "classification", "row 2: there is no '?label")


# Tables.


def test_good_rows_are_read_after_any_number_of_bad_ones(tmp_path: Path) -> None:
    bad = "{\n" * 1_500
    batch = batch_of(tmp_path / "x.jsonl", f'{bad}{{"text": "gut"}}\n{{\n', "text")
    assert [row.text for row in batch.rows] == ["gut"]
    assert len(batch.dropped) == 1_501
    batch = batch_of(tmp_path / "x.jsonl", bad, "text")
    assert (batch.rows, len(batch.dropped)) == ([], 1_500)


def test_tags_that_are_none_do_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"tokens": ["a"], "tags": tags} for tags in (["I-X"], 5, "[", None, [1], ["O"])]
    batch = batch_of(path, "".join(json.dumps(row) + "\n" for row in rows), "tokens")
    assert spans_of(batch.rows) == [("a", (Span(0, 1, "X"),)), ("a", ())]
    assert [place for place, _ in reasons(batch)] == ["line 2", "line 3", "line 4", "line 5"]
    refused(path, "tokens", "line 2: 'tags' is not a list: 5")
