"""A folder that one process at a time may write to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from corpora.errors import UserError
from corpora.storage import make_new_file, writing

LOCK_FILE = ".lock"
_HOLDER_FILE = ".lock.pid"
"""File with the number of the process that holds the lock: Windows cannot read a locked file."""


@contextmanager
def lock(folder: str | Path) -> Iterator[None]:
    """Lock `folder` against other processes; the lock of a process ends with it.

    Raises `UserError` where another process has locked it, where it cannot be written to, and where
    its file for locks is something else.
    """
    from filelock import FileLock, Timeout  # here, so that `--help` stays fast

    folder = Path(folder)
    path, holder = folder / LOCK_FILE, folder / _HOLDER_FILE
    if path.is_symlink() or (path.exists() and path.stat().st_size):  # locking would empty it
        raise UserError("not a lock: delete it if no other process uses this folder", file=path)
    file_lock = FileLock(path, fallback_to_soft=False)
    try:
        with writing(path):
            file_lock.acquire(blocking=False)
    except Timeout as error:
        number = _read(holder)
        raise UserError(
            f"another process{f' (number {number})' if number else ''} is writing this run",
            file=folder,
        ) from error
    try:
        with writing(holder):
            make_new_file(holder)
            holder.write_text(f"{os.getpid()}\n", encoding="ascii")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        file_lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
