"""Splits: reading one of them, and the names that they may have."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora.checks import find_problem
from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.records import Row
from corpora.splits import split_name
from corpora.writers import write_corpus, write_dataset_folder

ROWS = [Row(str(n), "de", f"Satz {n}", split=split) for n, split in enumerate(
    ["train", "dev", None, "train", "dev", "test"])]  # fmt: skip


def ids(path: Path, split: str | None, limit: int | None = None, **options: Any) -> list[str]:
    batches = open_corpus(path, task="text", split=split, **options).batches(limit=limit)
    return [row.id for batch in batches for row in batch.rows]


@pytest.mark.parametrize(
    "name", ["x.jsonl", "x.csv", "x.tsv", "x.arrow", "x.parquet", "x.jsonl.gz"]
)
def test_one_split_of_a_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_corpus(ROWS, path)
    assert ids(path, None) == ["0", "1", "2", "3", "4", "5"]
    assert ids(path, "dev") == ["1", "4"]
    assert ids(path, "train") == ["0", "2", "3"]  # where our exports have rows without a split
    assert ids(path, "train", limit=2) == ["0", "2"]
    message = r"there is no row of the split 'nonsense' \(choose from: dev, test, train\)"
    with pytest.raises(UserError, match=message):
        ids(path, "nonsense")


@pytest.mark.parametrize(
    ("name", "content", "task"),
    [
        ("x.txt", "eins\nzwei\n", "text"),
        ("x.conll", "eins O\n\nzwei O\n", "tokens"),
        (
            "x.json",
            json.dumps({"data": [{"paragraphs": [{"context": "a", "qas": [
                {"id": 1, "question": "b", "answers": []},
                {"id": 2, "question": "c", "answers": []}]}]}]}),
            "qa",
        ),
        ("x.jsonl", '{"text": "eins"}\n{"text": "zwei"}\n', "text"),
    ],
)  # fmt: skip
def test_files_that_name_no_split_are_train(
    tmp_path: Path, name: str, content: str, task: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert len(list(open_corpus(path, task=task, split="train").rows())) == 2
    with pytest.raises(UserError, match=r"no row of the split 'dev' \(choose from: train\)"):
        list(open_corpus(path, task=task, split="dev").rows())


def test_bad_rows_of_another_split_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "a", "text": "gut", "split": "dev"},
        {"id": "a", "text": "gut", "split": "test"},
        {"id": "b", "text": " ", "split": "test"},
        {"id": "c", "text": 5, "split": "test"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert ids(path, "dev") == ["a"]
    (batch,) = open_corpus(path, task="text", split="dev", on_error="skip").batches()
    assert batch.rows_in == 1
    with pytest.raises(UserError, match="line 3: the text is empty"):
        ids(path, "test")
    with path.open("a", encoding="utf-8") as file:
        file.write("{\n")  # which might be of any
    with pytest.raises(UserError, match="line 5: not JSON"):
        ids(path, "dev")
    (batch,) = open_corpus(path, task="text", split="dev", on_error="skip").batches()
    assert [d.reason for d in batch.dropped] == ["not-json"]
    with pytest.raises(UserError, match=r"no row of the split 'x' \(choose from: dev, test\)"):
        list(open_corpus(path, task="text", split="x", on_error="skip").batches())


def test_files_of_a_folder_name_their_split_themselves(tmp_path: Path) -> None:
    table = {"id": ["1"], "text": ["a"], "split": ["dev"]}
    pq.write_table(pa.table(table), tmp_path / "validation-00000-of-00001.parquet")
    assert ids(tmp_path, "validation") == ["1"]
    with pytest.raises(UserError, match=r"no split 'dev' \(choose from: validation\)"):
        ids(tmp_path, "dev")


def test_rows_of_files_that_are_held_back_are_never_for_training(tmp_path: Path) -> None:
    """Rows of `test-*.parquet` need no column that says so; a name of another kind says nothing."""
    (tmp_path / "in" / "data").mkdir(parents=True)
    for name in ("part-1", "test-00000-of-00001", "train-00000-of-00001", "validation"):
        path = tmp_path / "in" / "data" / f"{name}.parquet"
        pq.write_table(pa.table({"id": [name], "text": ["Satz"]}), path)
    rows = list(open_corpus(tmp_path / "in", task="text").rows())
    assert [row.split for row in rows] == [None, "test", None, "validation"]
    assert ids(tmp_path / "in", "test") == ["test-00000-of-00001"]
    write_dataset_folder(rows, tmp_path / "out")
    assert ids(tmp_path / "out", "train") == ["part-1", "train-00000-of-00001"]


def test_one_split_of_a_saved_data_set_without_several(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    columns = {"id": ["1", "2", "3"], "text": list("abc"), "split": ["dev", None, "test"]}
    datasets.Dataset.from_dict(columns, split="validation").save_to_disk(str(tmp_path / "x"))
    assert ids(tmp_path / "x", "dev") == ["1"]
    assert ids(tmp_path / "x", "validation") == ["2"]
    with pytest.raises(UserError, match=r"choose from: dev, test, validation"):
        ids(tmp_path / "x", "train")


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


def test_splits_of_any_name_are_exported_and_read_back(tmp_path: Path) -> None:
    names = ["dev (other)", "train-clean", "train clean", None, "train_clean", "x"]
    rows = [Row(str(n), "de", "a", split=split) for n, split in enumerate(names * 2)]
    paths = write_dataset_folder(rows, tmp_path)
    assert [path.name.split("-")[0] for path in paths] == [
        "dev_other_", "train", "train_clean_2", "train_clean_3", "train_clean", "x",
    ]  # fmt: skip
    for split in names:
        wanted = [row.id for row in rows if row.split == split]
        assert ids(tmp_path, split or "train") == wanted
    found = pl.read_parquet(tmp_path / "data")
    assert sorted(zip(found["id"], found["split"], strict=True)) == sorted(
        (row.id, row.split) for row in rows
    )


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
