"""Which column of a table holds what."""

from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import ColumnMapping, open_corpus
from corpora.records import Row, Span
from tests.helpers.class_columns import write_classes
from tests.helpers.json_lines import read_rows, write_json_lines


def test_columns_that_come_late_are_read(tmp_path: Path) -> None:
    early = [{"text": f"Satz {n}"} for n in range(1_000)]
    late = {"id": "x", "text": "a", "label": "b", "topic": "c", "target": "d", "meta": {"e": "f"}}
    path = write_json_lines(
        tmp_path / "x.jsonl", *early, late, {"text": "g", "id": "h", "other": "i"}
    )
    *before, row, last = read_rows(path, "text")
    assert len(before) == 1_000 and {r.label for r in before} == {None}
    assert row == Row("x", "de", "a", label="b", target="d", meta={"e": "f", "topic": "c"})
    assert last == Row("h", "de", "g", meta={"other": "i"})


def test_a_late_column_does_not_take_the_place_of_one_in_use(tmp_path: Path) -> None:
    asked = {"context": "Ulm", "question": "Wo?", "answers": []}
    late = {"text": "Bonn", "spans": [[0, 1, "X"]]}
    path = write_json_lines(tmp_path / "x.jsonl", *[asked] * 1_000, asked | late)
    *_, row = read_rows(path, "qa")
    assert (row.text, row.spans) == ("Ulm", ())
    assert row.meta == {"text": "Bonn", "spans": '[[0, 1, "X"]]'}
    tagged = {"tokens": ["Ulm"], "tags": ["B-LOC"]}
    path = write_json_lines(path, *[tagged] * 1_000, tagged | {"spans": []})
    *_, row = read_rows(path, "tokens")
    assert (row.spans, row.meta) == ((Span(0, 3, "LOC"),), {"spans": "[]"})


def test_tags_that_come_late_are_read_by_their_scheme(tmp_path: Path) -> None:
    early = [{"text": f"Satz {n}"} for n in range(1_000)]
    late = {"tokens": ["Ulm", "und"], "tags": ["I-LOC", "O"]}
    path = write_json_lines(tmp_path / "x.jsonl", *early, late)
    assert read_rows(path, "tokens", labelled=False)[-1].spans == (Span(0, 3, "LOC"),)


def test_tags_without_tokens_are_meta(tmp_path: Path) -> None:
    path = write_json_lines(
        tmp_path / "x.jsonl", {"text": "a", "label": "b", "tags": ["web", "news"]}
    )
    assert read_rows(path)[0].meta == {"tags": '["web", "news"]'}
    with pytest.raises(UserError, match="line 1: 1 tokens, but 2 tags"):
        read_rows(path, columns=ColumnMapping(tags="tags"))


def test_tokens_with_tags_do_not_make_up_for_other_columns(tmp_path: Path) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"tokens": ["Ulm"], "tags": ["O"]})
    with pytest.raises(UserError, match="no column 'label'"):
        read_rows(path)
    with pytest.raises(UserError, match="no column 'text_pair'"):
        read_rows(path, "pair", labelled=False)


def test_tags_that_were_asked_for_come_before_spans(tmp_path: Path) -> None:
    record = {"tokens": ["Ulm"], "ner": ["B-LOC"], "spans": [], "text": "Ulm"}
    path = write_json_lines(tmp_path / "x.jsonl", record)
    (row,) = read_rows(path, "tokens", columns=ColumnMapping(tags="ner"))
    assert row.spans == (Span(0, 3, "LOC"),)


def test_columns_called_like_those_of_synthetic_rows_are_kept(tmp_path: Path) -> None:
    own = {"model": "BERT", "method": "by hand", "scores": [1]}
    path = write_json_lines(tmp_path / "x.jsonl", {"text": "a", "label": "b", **own})
    (row,) = read_rows(path)
    assert row.provenance is None
    assert row.meta == {"model": "BERT", "method": "by hand", "scores": "[1]"}


@pytest.mark.parametrize("sign", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text,label\na,b\n", encoding="utf-8")
    with pytest.raises(UserError, match="the delimiter must be one character"):
        read_rows(path, delimiter=sign)


def test_another_field_may_have_the_usual_column(tmp_path: Path) -> None:
    record = {"text": "t1", "context": "Ulm", "question": "Wo?", "answers": []}
    path = write_json_lines(tmp_path / "x.jsonl", record)
    (row,) = read_rows(path, "qa", columns=ColumnMapping(id="text"))
    assert (row.id, row.text) == ("t1", "Ulm")


@pytest.mark.parametrize("number", [-1, -100, 3, 9])
def test_a_tag_whose_class_has_no_name_is_illegal(tmp_path: Path, number: int) -> None:
    columns = {"tokens": [["a", "b"], ["c", "d"]], "tags": [[1, 0], [0, number]]}
    path = write_classes(tmp_path / "x.arrow", columns)
    with pytest.raises(UserError, match=f"row 2: there is no class {number}: 3 have names"):
        read_rows(path, "tokens")
    (found,) = open_corpus(path, task="tokens", on_error="skip").batches()
    assert [row.spans for row in found.rows] == [(Span(0, 1, "PER"),)]
    assert [d.reason for d in found.dropped] == ["illegal-tag"]


def test_a_label_whose_class_has_no_name(tmp_path: Path) -> None:
    columns = {"text": list("abcd"), "label": [1, -1, 2, -7]}
    path = write_classes(tmp_path / "x.arrow", columns)
    (found,) = open_corpus(path, task="classification", on_error="skip").batches()
    assert [row.label for row in found.rows] == ["pos"]
    assert [d.reason for d in found.dropped] == ["missing-label", "bad-label", "bad-label"]


@pytest.mark.parametrize(
    ("name", "task", "content", "field", "choices"),
    [
        ("x.conll", "tokens", "a O\n", "text", "tags, tokens"),
        ("x.conll", "classification", "# intent = b\na O\n", "label", "tags, tokens"),
        ("x.json", "qa", '{"data": []}', "text_pair", "none"),
        ("x.txt", "text", "a\n", "text", "none"),
    ],
)
def test_columns_that_a_format_does_not_have_are_refused(
    tmp_path: Path, name: str, task: str, content: str, field: str, choices: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    problem = rf"{name}: the format '\w+' has no column for '{field}' \(choose from: {choices}\)"
    with pytest.raises(UserError, match=problem):
        read_rows(path, task, columns=ColumnMapping(**{field: "x"}))


def test_spans_are_not_named_in_two_ways(tmp_path: Path) -> None:
    row = {"tokens": ["a"], "tags": ["B-X"], "spans": []}
    path = write_json_lines(tmp_path / "x.jsonl", row)
    with pytest.raises(UserError, match="'spans' and for 'tags' are named: only one"):
        read_rows(path, "tokens", columns=ColumnMapping(spans="spans", tags="tags"))
