"""`read`, and data in memory as a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import labelferry
from augmentation.pipeline.inputs import saved, saved_pairs
from corpora.errors import UserError
from corpora.records import Row
from tests.helpers.labelled_data import LabelledData


def test_rows_of_every_kind(data: Any, labelled_data: LabelledData) -> None:
    view = labelferry.read(data, task="tokens", lang="en")
    assert list(view) == labelled_data.rows()
    assert list(view) == labelled_data.rows()  # a second time
    (batch,) = view.batches()
    assert batch.rows_in == 2 and not batch.dropped


def test_a_file_of_every_kind_is_written_once(
    data: Any, labelled_data: LabelledData, runs: Path
) -> None:
    path = saved(data)
    assert list(labelferry.read(path, task="tokens", lang="en")) == labelled_data.rows()
    if isinstance(data, Path):
        assert path == data and not runs.exists()
        return
    assert [file.name for file in (runs / "inputs").iterdir()] == [path.name]
    written = path.read_bytes()
    if not hasattr(data, "__next__"):
        assert saved(data) == path and path.read_bytes() == written
    assert [file.name for file in (runs / "inputs").iterdir()] == [path.name]


def test_what_a_notebook_shows_is_escaped(labelled_data: LabelledData) -> None:
    page = labelferry.read(labelled_data.rows(), task="tokens")._repr_html_()
    assert "<b>" not in page and "<i>" not in page
    assert "&lt;b&gt;jazz&lt;/b&gt;" in page and "&lt;i&gt;" in page
    assert page.count("<mark") == 2


def test_columns_and_class_names() -> None:
    datasets = pytest.importorskip("datasets")
    features = datasets.Features(
        {"sentence": datasets.Value("string"), "class": datasets.ClassLabel(names=["no", "yes"])}
    )
    data = datasets.Dataset.from_dict({"sentence": ["a", "b"], "class": [1, 0]}, features=features)
    columns = {"text": "sentence", "label": "class"}
    rows = labelferry.read(data, task="classification", lang="de", columns=columns)
    assert [(row.text, row.label, row.lang) for row in rows] == [("a", "yes", "de"),
                                                                 ("b", "no", "de")]  # fmt: skip
    again = labelferry.read(saved(data), task="classification", lang="de", columns=columns)
    assert list(again) == list(rows)


def test_tags_in_memory(labelled_data: LabelledData) -> None:
    records = [{"tokens": ["in", "New", "York"], "ner_tags": ["O", "B-LOC", "I-LOC"]}]
    (row,) = labelferry.read(records, task="tokens", lang="en")
    assert row.text == "in New York" and row.spans[0].label == "LOC"


def test_bad_rows_are_told_by_their_number() -> None:
    records = [{"text": "fine", "label": "a"}, {"text": 7, "label": "b"}]
    with pytest.raises(UserError, match="rows in memory, row 2: 'text' is not a string: 7"):
        list(labelferry.read(records, task="classification"))
    view = labelferry.read(records, task="classification", on_error="skip")
    assert [row.text for row in view] == ["fine"]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (["a text"], "item 1 is a str, no Row and no dictionary"),
        ({"text": ["a"]}, "dict: no rows"),
        (7, "int: no rows"),
    ],
)
def test_data_of_another_kind(data: Any, problem: str) -> None:
    for read in (lambda: labelferry.read(data, task="text"), lambda: saved(data)):
        with pytest.raises(TypeError, match=problem):
            read()


def test_several_data_sets_are_read_with_their_splits() -> None:
    datasets = pytest.importorskip("datasets")
    both = datasets.DatasetDict(
        train=datasets.Dataset.from_dict({"text": ["a"]}),
        test=datasets.Dataset.from_dict({"text": ["b"]}),
    )
    rows = list(labelferry.read(both, task="text"))
    assert [(row.text, row.split) for row in rows] == [("a", "train"), ("b", "test")]


def test_unknown_choices() -> None:
    with pytest.raises(UserError, match="no task 'ner'"):
        labelferry.read([], task="ner")
    with pytest.raises(UserError, match="no way 'ignore'"):
        labelferry.read([], task="text", on_error="ignore")
    with pytest.raises(TypeError, match="quoting and unescape are of files"):
        labelferry.read([], task="text", format="csv")
    with pytest.raises(UserError, match="there are no rows"):
        list(labelferry.read([], task="text"))


def test_values_that_json_lacks(runs: Path) -> None:
    path = saved([{"text": "a", "label": np.int64(3), "meta": {"n": np.arange(2)}}])
    assert json.loads(path.read_text()) == {"text": "a", "label": 3, "meta": {"n": [0, 1]}}
    with pytest.raises(UserError, match="row 1: a value cannot be written"):
        saved([{"text": object()}])
    with pytest.raises(TypeError, match="cannot be mixed"):
        saved([Row("1", "en", "a"), {"text": "b"}])  # type: ignore[list-item]
    assert [file.suffix for file in (runs / "inputs").iterdir()] == [".jsonl"]


def test_an_empty_table_has_its_columns(runs: Path) -> None:
    table = pa.table({"text": pa.array([], pa.string())})
    with pytest.raises(UserError, match="there are no rows"):
        saved(table)


def test_pairs(runs: Path) -> None:
    assert saved_pairs([("a", "b"), ("c", "d")]).read_text() == "a\tb\nc\td\n"
    with pytest.raises(UserError, match="row 2: a sentence has a tab or a line break"):
        saved_pairs([("a", "b"), ("c\t", "d")])
