"""Files of which a part is bad: that part is dropped with its reason, everything else is read."""

import json
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import CorpusBatch, open_corpus
from corpora.records import Row, Span
from corpora.schema import dropped_to_batch, rows_to_batch


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


# Tables.


def test_tags_that_are_none_do_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"tokens": ["a"], "tags": tags} for tags in (["I-X"], 5, "[", None, [1], ["O"])]
    batch = batch_of(path, "".join(json.dumps(row) + "\n" for row in rows), "tokens")
    assert spans_of(batch.rows) == [("a", (Span(0, 1, "X"),)), ("a", ())]
    assert [place for place, _ in reasons(batch)] == ["line 2", "line 3", "line 4", "line 5"]
    refused(path, "tokens", "line 2: 'tags' is not a list: 5")
