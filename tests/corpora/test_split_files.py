"""Splits: read from where they are named, carried, and written apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import labelferry
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Row
from corpora.writers import write_corpus
from corpora.writers.by_split import split_paths
from tests.helpers.json_lines import write_json_lines

ROWS = [
    Row(str(n), "de", f"Satz {n}", split=split)
    for n, split in enumerate([None, "test", "train", "dev-1", "test"])
]


def saved(tmp_path: Path) -> tuple[Any, Path]:
    datasets = pytest.importorskip("datasets")
    part = datasets.Dataset.from_dict({"text": ["a", "b"], "label": ["x", "y"]})
    both = datasets.DatasetDict(train=part, validation=part.select([1]), test=part.select([0]))
    both.save_to_disk(str(tmp_path / "both"))
    return both, tmp_path / "both"


def splits(path: Any, **options: Any) -> list[tuple[str, str | None]]:
    rows = labelferry.read(path, task="classification", **options)
    return [(row.text, row.split) for row in rows]


def test_the_splits_of_a_saved_dictionary_are_carried(tmp_path: Path) -> None:
    both, path = saved(tmp_path)
    whole = [("a", "train"), ("b", "train"), ("b", "validation"), ("a", "test")]
    assert splits(path) == splits(both) == whole
    assert splits(path, split="validation") == splits(both, split="validation") == whole[2:3]
    assert splits(path, split=["test", "train"]) == [*whole[3:], *whole[:2]]
    assert splits(path / "test") == [("a", None)]  # a part that does not say what it was
    for data in (path, both):
        with pytest.raises(UserError, match=r"no split 'dev' \(choose from: test, train, val"):
            splits(data, split=["train", "dev"])


def test_several_splits_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    write_corpus(ROWS, path)
    found = open_corpus(path, task="text", split=["train", "dev-1"]).rows()
    assert [row.id for row in found] == ["0", "2", "3"]
    with pytest.raises(UserError, match=r"no row of the split 'x' \(choose from: dev-1, test, tr"):
        list(open_corpus(path, task="text", split=["train", "x"]).rows())
    records = [{"text": "a", "partition": "dev"}, {"text": "b", "partition": "train"}]
    other = write_json_lines(tmp_path / "y.jsonl", *records)
    assert [row.split for row in open_corpus(other, task="text", split="dev").rows()] == ["dev"]


def test_formats_without_splits_have_a_file_for_each(tmp_path: Path) -> None:
    path = tmp_path / "x.txt.gz"
    report = write_corpus(ROWS, path, task="text")
    assert report.files == {
        tmp_path / "x.train.txt.gz": 2,
        tmp_path / "x.test.txt.gz": 2,
        tmp_path / "x.dev_1.txt.gz": 1,
    }
    assert (report.rows, path.exists()) == (5, False)
    texts = [row.text for row in open_corpus(tmp_path / "x.test.txt.gz", task="text").rows()]
    assert texts == ["Satz 1", "Satz 4"]
    assert write_corpus(ROWS[1:2], path, task="text").files == {path: 1}
    assert write_corpus([], tmp_path / "none.conll").files == {tmp_path / "none.conll": 0}
    assert write_corpus(ROWS, tmp_path / "x.csv", task="text").files == {tmp_path / "x.csv": 5}
    paths = split_paths(Path("out"), ["a b", "a_b"])
    assert sorted(str(path) for path in paths.values()) == ["out.a_b", "out.a_b_2"]
