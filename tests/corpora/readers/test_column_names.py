"""The names that data sets give to their columns. The snippets are our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.readers.columns import ColumnFinder, fits
from corpora.readers.options import ReadOptions
from tests.helpers.class_columns import write_classes
from tests.helpers.conll_rows import mentions
from tests.helpers.json_lines import read_rows, write_json_lines


@pytest.mark.parametrize("text", ["sentence", "utterance", "utt", "query", "review"])
@pytest.mark.parametrize("label", ["labels", "intent", "category", "class"])
def test_classes_under_the_names_of_data_sets(tmp_path: Path, text: str, label: str) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {text: "wach auf", label: "alarm"})
    (row,) = read_rows(path)
    assert (row.text, row.label, dict(row.meta)) == ("wach auf", "alarm", {})
    assert open_corpus(path, task="classification").columns() == {"text": text, "label": label}


@pytest.mark.parametrize(
    "record",
    [
        {"text": "flieg nach Rom", "entities": [[11, 14, "LOC"]]},
        {"text": "flieg nach Rom", "entities": [{"start": 11, "end": 14, "entity_group": "LOC"}]},
        {"utterance": "flieg nach Rom", "slots": [{"start": 11, "end": 14, "label": "LOC"}]},
        {"utterance": "flieg nach Rom", "slots": "O O B-LOC"},
        {"utterance": "flieg nach Rom", "slot_labels": ["O", "O", "B-LOC"]},
        {"tokens": "flieg nach Rom", "tags": "O O B-LOC"},
        {"tokens": ["flieg", "nach", "Rom"], "ner_tags": ["O", "O", "B-LOC"]},
        {"words": ["flieg", "nach", "Rom"], "labels": ["O", "O", "B_LOC"]},
        {"utt": "flieg nach Rom", "annot_utt": "flieg nach [LOC : Rom]", "partition": "dev"},
    ],
)
def test_spans_under_the_names_of_data_sets(tmp_path: Path, record: dict[str, Any]) -> None:
    (row,) = read_rows(write_json_lines(tmp_path / "x.jsonl", record), "tokens")
    assert (row.text, mentions(row)) == ("flieg nach Rom", [("Rom", "LOC")])
    assert row.split == record.get("partition")
    assert dict(row.meta) == {}


def test_multiatis(tmp_path: Path) -> None:
    table = "id\tutterance\tslot_labels\tintent\n1\tshow flights to Rome\tO O O B-city\tflight\n"
    (tmp_path / "x.tsv").write_text(table, encoding="utf-8")
    (row,) = open_corpus(tmp_path / "x.tsv", task="tokens", format="tsv").rows()
    assert (row.id, row.label, mentions(row)) == ("1", "flight", [("Rome", "city")])
    (row,) = open_corpus(tmp_path / "x.tsv", task="tokens").rows()
    assert mentions(row) == [("Rome", "city")]


def test_massive_s_brackets_must_be_of_the_text(tmp_path: Path) -> None:
    marked = {"utt": "um [sieben]", "annot_utt": "um [time : sieben]"}
    path = write_json_lines(tmp_path / "x.jsonl", marked)
    with pytest.raises(UserError, match="line 1: not the text with its spans in brackets"):
        read_rows(path, "tokens")
    twice = {"utt": "um neun morgen", "annot_utt": "um [time : neun] [date : morgen]"}
    (row,) = read_rows(write_json_lines(path, twice), "tokens")
    assert mentions(row) == [("neun", "time"), ("morgen", "date")]


def test_premise_and_hypothesis(tmp_path: Path) -> None:
    path = write_json_lines(tmp_path / "x.jsonl", {"premise": "a", "hypothesis": "b", "label": "c"})
    (row,) = read_rows(path, "pair")
    assert (row.text, row.text_pair, row.label) == ("a", "b", "c")


def test_our_own_names_come_first_and_others_only_where_their_values_fit(tmp_path: Path) -> None:
    record = {"text": "a", "label": "b", "intent": "c", "sentence": "d", "tags": ["web"]}
    (row,) = read_rows(write_json_lines(tmp_path / "x.jsonl", record))
    assert (row.text, row.label) == ("a", "b")
    assert row.meta == {"intent": "c", "sentence": "d", "tags": '["web"]'}
    lists = {"text": "a", "labels": ["b", "c"]}
    (row,) = read_rows(write_json_lines(tmp_path / "x.jsonl", lists))
    assert (row.label, row.labels) == (None, ("b", "c"))
    assert not fits("label", "O B-LOC") and fits("tags", "O B-LOC") and fits("spans", [])
    finder = ColumnFinder(ReadOptions("tokens"), ["slots"], [{"slots": ["O"]}])
    assert finder.fits("tags", "slots") and not finder.fits("spans", "slots")


def test_the_error_shows_the_option_that_mends_it(tmp_path: Path) -> None:
    records = [{"n": f"{n}", "body": f"ein langer Satz {n}", "stars": n % 2} for n in range(9)]
    path = write_json_lines(tmp_path / "x.jsonl", *records)
    mend = r"name it with --columns text=body,label=stars \(choose from: body, n, stars\)"
    with pytest.raises(UserError, match=mend):
        read_rows(path)


def test_a_single_column_of_classes_is_the_label_and_others_keep_their_names(
    tmp_path: Path,
) -> None:
    datasets = pytest.importorskip("datasets")
    classes = datasets.ClassLabel(names=["ask", "book", "cancel"])
    features = {"text": datasets.Value("string"), "goal": classes}
    data = datasets.Dataset.from_dict(
        {"text": ["a", "b"], "goal": [2, 0]}, datasets.Features(features)
    )
    data.save_to_disk(str(tmp_path / "x"))
    rows = list(open_corpus(tmp_path / "x", task="classification").rows())
    assert [row.label for row in rows] == ["cancel", "ask"]
    rows = list(open_corpus(tmp_path / "x", task="text").rows())
    assert [row.meta for row in rows] == [{"goal": "cancel"}, {"goal": "ask"}]


def test_names_of_classes_in_meta(tmp_path: Path) -> None:
    columns = {"text": ["a", "b"], "label": [1, 0], "tags": [[1, 0], [2]]}
    path = write_classes(tmp_path / "x.arrow", columns)
    first, second = open_corpus(path, task="classification").rows()
    assert (first.label, first.meta) == ("pos", {"tags": '["B-PER", "O"]'})
    assert (second.label, second.meta) == ("neg", {"tags": '["B-LOC"]'})


def test_numbers_as_pandas_writes_them(tmp_path: Path) -> None:
    record = {"id": 1.0, "text": "in Ulm", "spans": [{"start": 3.0, "end": 6.0, "label": "X"}]}
    (row,) = read_rows(write_json_lines(tmp_path / "x.jsonl", record), "tokens")
    assert (row.id, mentions(row)) == ("1", [("Ulm", "X")])
    (tmp_path / "x.csv").write_text("id,text,label\n1.0,a,x\n2.0,b,y\n,c,z\n")
    ids = [row.id for row in open_corpus(tmp_path / "x.csv", task="classification").rows()]
    assert ids[:2] == ["1", "2"] and len(ids[2]) == 16
    (tmp_path / "x.csv").write_text("id,text,label\n1.0,a,x\n1.1,b,y\n")
    ids = [row.id for row in open_corpus(tmp_path / "x.csv", task="classification").rows()]
    assert ids == ["1.0", "1.1"]  # numbers of versions
