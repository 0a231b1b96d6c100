"""SQLite indexes that can be made again: how damage shows, and how they are cleared away."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is no sound database: not a lock, a full disk or a mistake of ours."""
    return type(error) is sqlite3.DatabaseError


def remove_index(path: Path) -> None:
    """Delete the database at `path` with what SQLite puts beside it."""
    for end in ("", "-journal", "-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
