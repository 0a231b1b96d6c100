"""Splits: reading one of them, and the names that they may have."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpora.checks import find_problem, split_name
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Row
from corpora.writers import write_dataset_folder

def ids(path: Path, split: str | None, limit: int | None = None, **options: Any) -> list[str]:
    batches = open_corpus(path, task="text", split=split, **options).batches(limit=limit)
    return [row.id for batch in batches for row in batch.rows]


@pytest.mark.parametrize(
    ("split", "name"),
    [
        ("train", "train"),
        ("train.small", "train.small"),
        ("größe_2", "größe_2"),
        ("train-clean", "train_clean"),
        ("dev (other)", "dev_other_"),
        ("train[:10%]", "train_10_"),
        ("a" * 200, "a" * 200),
        ("a" * 201, None),
        ("ä" * 101, None),
        ("../x", None),
        ("..", None),
        (".x", None),
        ("x.", None),
        ("x..y", None),
        ("", None),
    ],
)
def test_the_name_of_a_split_in_a_data_set(split: str, name: str | None) -> None:
    assert split_name(split) == name
    problem = find_problem(Row("1", "de", "a", split=split))
    assert (problem and problem.reason) == (None if name else "bad-split")


def test_a_split_that_no_data_set_can_have_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [{"text": "a", "split": "train-clean"}, {"text": "b", "split": "../x"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(UserError, match=r"line 2: a data set can have no split '\.\./x'"):
        ids(path, None)
    (batch,) = open_corpus(path, task="text", on_error="skip").batches()
    assert [row.split for row in batch.rows] == ["train-clean"]
    assert [d.reason for d in batch.dropped] == ["bad-split"]


def test_an_export_with_a_hyphen_opens_in_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    write_dataset_folder([Row("1", "de", "a", split="train-clean")], tmp_path / "de")
    loaded = datasets.load_dataset(str(tmp_path / "de"), cache_dir=str(tmp_path / "cache"))
    assert {name: loaded[name]["split"][:] for name in loaded} == {"train_clean": ["train-clean"]}


def test_more_splits_than_files_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    rows = [Row(str(n), "de", "a", split=f"s{n % 400}") for n in range(800)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 300), hard))
        write_dataset_folder(rows, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sorted(pl.read_parquet(tmp_path / "data")["id"]) == sorted(row.id for row in rows)
