"""Indexes that somebody else made: SQLite is led to no other file by them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from augmentation.translation.sqlite_index import create_tables, writing_index
from tests.helpers.translate_train_runs import file_hashes

PAGE, SECTOR = 4096, 512
MAGIC = bytes.fromhex("d9d505f920a163d7")
TABLE = "CREATE TABLE segments (key BLOB PRIMARY KEY, row INTEGER)"


def make_index(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        assert create_tables(connection, [TABLE])
        connection.execute("INSERT INTO segments VALUES ('a', 1)")
        connection.commit()
    return path


def write_journal(index: Path, names: Path) -> None:
    """A journal of an interrupted transaction over several databases, which `names` a file that
    SQLite deletes when it has been rolled back (https://www.sqlite.org/fileformat.html)."""
    content = index.read_bytes()
    head = MAGIC + struct.pack(">5I", 1, 0, len(content) // PAGE, SECTOR, PAGE)
    checksum = sum(content[at] for at in range(PAGE - 200, 0, -200))
    page = struct.pack(">I", 1) + content[:PAGE] + struct.pack(">I", checksum)
    name = str(names).encode()
    end = struct.pack(">I", 2**30 // PAGE + 1) + name
    end += struct.pack(">2I", len(name), sum(name)) + MAGIC
    index.with_name(f"{index.name}-journal").write_bytes(head.ljust(SECTOR, b"\0") + page + end)


def read(index: Path) -> list[tuple[str, int]]:
    with writing_index(index), closing(sqlite3.connect(index)) as connection:
        create_tables(connection, [TABLE])
        return connection.execute("SELECT * FROM segments").fetchall()


def test_a_journal_deletes_no_other_file(tmp_path: Path) -> None:
    index = make_index(tmp_path / "index.sqlite")
    outside = tmp_path / "outside.txt"
    outside.write_text("mine", encoding="utf-8")
    write_journal(index, outside)
    assert read(index) == []  # made anew
    assert outside.exists()
    write_journal(make_index(tmp_path / "bare.sqlite"), outside)
    with closing(sqlite3.connect(tmp_path / "bare.sqlite")) as connection:
        connection.execute("SELECT * FROM segments").fetchall()
    assert not outside.exists()  # what SQLite does by itself


@pytest.mark.parametrize("end", ["", "-journal", "-wal", "-shm"])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_links_are_not_written_through(
    tmp_path: Path, link: Callable[[Path, Path], None], end: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    outside = make_index(other / "precious.sqlite")
    before = file_hashes(other)
    index = tmp_path / "index.sqlite"
    if end:
        make_index(index)
    link(tmp_path / f"index.sqlite{end}", outside)
    assert read(index) == []
    with writing_index(index), closing(sqlite3.connect(index)) as connection:
        connection.execute("INSERT INTO segments VALUES ('b', 2)")
        connection.commit()
    assert file_hashes(other) == before
    assert read(index) == [("b", 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON segments BEGIN DELETE FROM segments; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE other (a)",
        "ALTER TABLE segments ADD COLUMN c",
    ],
)
def test_an_index_with_anything_else_in_it_is_corrupt(tmp_path: Path, statement: str) -> None:
    index = make_index(tmp_path / "index.sqlite")
    with closing(sqlite3.connect(index)) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(sqlite3.DatabaseError, match="not the tables"):
        read(index)
