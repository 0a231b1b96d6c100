"""SQLite indexes that can be rebuilt: tells corruption from other errors, deletes them, and turns
disk errors into `UserError`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
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


@contextmanager
def writing_index(path: Path) -> Iterator[None]:
    """`corpora.storage.writing` for the database at `path`; the error names its folder."""
    try:
        with writing(path.parent):
            yield
    except sqlite3.OperationalError as error:
        reason = _REASONS.get(error.sqlite_errorcode & 0xFF)
        if reason is None or is_corruption(error):  # else a lock, or a mistake of ours
            raise
        raise UserError(reason, file=path.parent) from error


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
    for end in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
