"""SQLite indexes that can be rebuilt: tells corruption from other errors, deletes them, and turns
disk errors into `UserError`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpora.errors import UserError
from corpora.storage import writing

_REASONS = {
    sqlite3.SQLITE_FULL: "no space left to write here",
    sqlite3.SQLITE_READONLY: "no permission to write here",
    sqlite3.SQLITE_CANTOPEN: "the index cannot be opened here",
}


@contextmanager
def writing_index(path: Path) -> Iterator[None]:
    """`corpora.storage.writing` for the database at `path`; the error names its folder."""
    try:
        with writing(path.parent):
            yield
    except sqlite3.OperationalError as error:
        reason = _REASONS.get(error.sqlite_errorcode & 0xFF)
        if reason is None:  # a lock, or a mistake of ours
            raise
        raise UserError(reason, file=path.parent) from error


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
            connection.execute("ROLLBACK")
        raise


def is_corruption(error: sqlite3.DatabaseError) -> bool:
    """Whether `error` means that the file is corrupt, and not a lock, a full disk, or a mistake of
    ours."""
    return type(error) is sqlite3.DatabaseError


def remove_index(path: Path) -> None:
    """Delete the database at `path` with what SQLite puts beside it."""
    for end in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
