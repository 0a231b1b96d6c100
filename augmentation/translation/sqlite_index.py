"""SQLite indexes that can be rebuilt: tells corruption from other errors, deletes them, and turns
disk errors into `UserError`.

A folder with an index may come from anyone, and SQLite trusts its files. So an index that is not as
we leave it counts as corrupt.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from corpora.errors import UserError
from corpora.posix import IS_POSIX
from corpora.storage import writing

_GONE = {sqlite3.SQLITE_READONLY_DBMOVED, sqlite3.SQLITE_SCHEMA}
"""Errors of a connection whose file was deleted or replaced."""
_REASONS = {
    sqlite3.SQLITE_FULL: "no space left to write here",
    sqlite3.SQLITE_READONLY: "no permission to write here",
    sqlite3.SQLITE_CANTOPEN: "the index cannot be opened here",
}
_BESIDE = ("-journal", "-wal", "-shm")
"""What SQLite puts beside a database, by the end of its name."""
_NAMES_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""The last bytes of a journal that names another file, which SQLite deletes after a rollback; our
transactions are of one database, so that theirs never do."""


@contextmanager
def writing_index(path: Path) -> Iterator[None]:
    """`corpora.storage.writing` for the database at `path`; the error names its folder.

    A database that could lead SQLite to other files is deleted first.
    """
    try:
        with writing(path.parent):
            if _leads_out(path):
                remove_index(path)
            yield
    except sqlite3.OperationalError as error:
        reason = _REASONS.get(error.sqlite_errorcode & 0xFF)
        if reason is None or is_corruption(error):  # else a lock, or a mistake of ours
            raise
        raise UserError(reason, file=path.parent) from error


def _leads_out(path: Path) -> bool:
    """Whether writing the database at `path` could change or delete another file."""
    files = [path, *(path.with_name(f"{path.name}{end}") for end in _BESIDE)]
    if any(file.is_symlink() or (file.exists() and file.stat().st_nlink > 1) for file in files):
        return True
    try:
        with files[1].open("rb") as journal:
            journal.seek(-len(_NAMES_SUPER_JOURNAL), os.SEEK_END)
            return journal.read() == _NAMES_SUPER_JOURNAL
    except OSError:  # there is none, or it is empty
        return False


def create_tables(connection: sqlite3.Connection, statements: Sequence[str]) -> bool:
    """Create the tables of a new database by `statements`; False where they are there already.

    Raises `sqlite3.DatabaseError`, which means corruption, where the database of `connection` has
    other tables, or what could run by itself (triggers, views).
    """
    present = connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL "
        "AND NOT (type = 'table' AND name = 'sqlite_sequence')"
    ).fetchall()
    if present:
        if sorted(sql for (sql,) in present) != sorted(statements):
            raise sqlite3.DatabaseError("not the tables of an index of ours")
        return False
    for statement in statements:
        connection.execute(statement)
    return True


@contextmanager
def using_index(path: Path, *, alone: bool = False) -> Iterator[None]:
    """Keep other processes and threads from deleting the database at `path`, or, to delete it
    ourselves (`alone`), from using it; waits until that is so."""
    if not IS_POSIX:
        yield
        return
    import fcntl

    with path.with_name(f".{path.name}.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction of `connection` that excludes other writers from its beginning; rolled back on
    an error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself where the file is corrupt
            with suppress(sqlite3.Error):  # where the file is gone; the connection is closed next
                connection.execute("ROLLBACK")
        raise


def is_corruption(error: sqlite3.DatabaseError) -> bool:
    """Whether `error` means that the file is corrupt or was deleted, emptied or replaced, and not a
    lock, a full disk, or a mistake of ours."""
    if type(error) is sqlite3.DatabaseError:
        return True
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # of the module itself
        return False
    return code in _GONE or code & 0xFF == sqlite3.SQLITE_IOERR or "no such " in str(error)


def remove_index(path: Path) -> None:
    """Delete the database at `path` with what SQLite puts beside it."""
    for end in ("", *_BESIDE):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
