"""Inputs of several files, packed, and in other encodings and with other delimiters."""

import bz2
import json
import lzma
import zipfile
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.readers import open_corpus
from corpora.readers.inputs import inputs_hash
from tests.helpers.json_lines import read_batch, read_rows, write_json_lines

ROW = {"id": "1", "text": "Grüße", "label": "a"}
LINE = (json.dumps(ROW, ensure_ascii=False) + "\n").encode()


def shard(path: Path, *ids: str) -> Path:
    return write_json_lines(path, *({"id": i, "text": "x", "label": "a"} for i in ids))


@pytest.mark.parametrize(("suffix", "pack"), [("bz2", bz2.compress), ("xz", lzma.compress)])
def test_bzip2_and_xz(tmp_path: Path, suffix: str, pack: object) -> None:
    path = tmp_path / f"x.jsonl.{suffix}"
    data = pack(LINE)  # type: ignore[operator]
    path.write_bytes(data)
    assert [row.text for row in read_rows(path)] == ["Grüße"]
    path.write_bytes(data[:-8])
    with pytest.raises(UserError, match="cut short"):
        read_rows(path)


def test_a_zip_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", LINE)
        archive.writestr("__MACOSX/._rows.jsonl", b"x")
    assert [row.text for row in read_rows(path)] == ["Grüße"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.jsonl", LINE)
    with pytest.raises(UserError, match="holds 2 files, not one"):
        read_rows(path, format="jsonl")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "gb18030", "utf-8"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(("text,label\r\n" + "Grüße,a\r\n" * 3).encode(encoding))
    assert [row.text for row in read_rows(path, encoding=encoding)] == ["Grüße"] * 3


def test_what_is_not_in_the_encoding_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"text,label\nabc\x81,a\n")
    with pytest.raises(UserError, match="not cp1252: byte 0x81 at byte offset 14"):
        read_rows(path, encoding="cp1252")
    path.write_bytes("text,label\n".encode("utf-16"))
    with pytest.raises(UserError, match="--encoding utf-16"):
        read_rows(path)
    for wrong in ("klingon", "zip", "base64"):
        with pytest.raises(UserError, match=f"no encoding '{wrong}'"):
            read_rows(path, encoding=wrong)


def test_delimiters(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("text;label\nA, b;x\n")
    assert [row.text for row in read_rows(path, delimiter=";")] == ["A, b"]
    path.write_text("text\tlabel\nA, b\tx\n")
    assert [row.text for row in read_rows(path, delimiter="tab")] == ["A, b"]


def test_folders_patterns_and_lists_are_one_corpus(tmp_path: Path) -> None:
    shard(tmp_path / "a-0.jsonl", "1", "2")
    shard(tmp_path / "a-1.jsonl", "3")
    (tmp_path / "README.md").write_text("about it")
    for given in (tmp_path, tmp_path / "*.jsonl", [tmp_path / "a-0.jsonl", tmp_path / "a-1.jsonl"]):
        corpus = open_corpus(given, task="classification", lang="de")
        assert [row.id for row in corpus.rows()] == ["1", "2", "3"]
    with pytest.raises(UserError, match="no file matches"):
        read_rows(tmp_path / "*.csv")


def test_errors_name_the_file_that_a_row_is_in(tmp_path: Path) -> None:
    shard(tmp_path / "a.jsonl", "1", "2")
    write_json_lines(tmp_path / "b.jsonl", ROW | {"id": "4"}, {"id": "5", "label": "a"})
    with pytest.raises(UserError, match=r"b\.jsonl, line 2: there is no 'text'"):
        read_rows(tmp_path)
    batch = read_batch(tmp_path, "classification", on_error="skip")
    assert [d.detail for d in batch.dropped] == ["b.jsonl, line 2: there is no 'text'"]
    assert [d.position for d in batch.dropped] == [3]
    shard(tmp_path / "b.jsonl", "2")
    with pytest.raises(UserError, match=r"b\.jsonl, line 1: the id '2' occurs twice"):
        read_rows(tmp_path)


def test_files_with_the_name_of_a_split_have_its_rows(tmp_path: Path) -> None:
    shard(tmp_path / "test.jsonl", "1")
    shard(tmp_path / "train-0.jsonl", "2")
    assert [(row.id, row.split) for row in read_rows(tmp_path)] == [("1", "test"), ("2", "train")]
    assert [row.id for row in read_rows(tmp_path, split="test")] == ["1"]


def test_the_hash_of_several_inputs_is_that_of_all(tmp_path: Path) -> None:
    one, two = shard(tmp_path / "a.jsonl", "1"), shard(tmp_path / "b.jsonl", "2")
    before = inputs_hash((one, two))
    assert before not in (inputs_hash(one), inputs_hash((two, one)))
    assert inputs_hash(tmp_path / "*.jsonl") == before
    shard(two, "3")
    assert inputs_hash((one, two)) != before
