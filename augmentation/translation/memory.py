"""The translation memory: what earlier runs translated, looked up before anything is translated.

It is a folder of Arrow files, one folder within it for each way to translate (model, languages,
decoding options), which `pyarrow.dataset` reads; an SQLite index says in which file a segment is,
and is rebuilt from the files if it is corrupt. Files may be deleted.

A file is named by the hash of its content and read only while that holds, and a translation counts
only if its key is the one that was looked up: what is corrupt is lost and learned again, and no
segment gets the translation of another.

A run sees the memory as it was when the run began, so that an interrupted run that continues makes
the same choices.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import pyarrow as pa

from augmentation.translation.sqlite_index import (
    create_tables,
    is_corruption,
    remove_index,
    transaction,
    using_index,
    writing_index,
)
from augmentation.translation.table import TRANSLATION_SCHEMA, is_consistent
from corpora.checked_json import read_checked, write_checked
from corpora.errors import UserError
from corpora.fingerprint import content_hash, file_hash, fingerprint, plain
from corpora.storage import make_folder, refuse_links, replacing, write_text, writing

VERSION = 2
_TABLES = (
    "CREATE TABLE memory (id TEXT)",
    "CREATE TABLE parts (part INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE)",
    "CREATE TABLE segments (key BLOB PRIMARY KEY, part INTEGER, row INTEGER) WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The memory at one moment: its first `parts` files."""

    memory: str
    parts: int
    inputs: str
    """Hash of the input it was taken for."""


_ATTEMPTS = 10
"""How often an index that is rebuilt again and again is used before that is an error."""
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _rebuilding_index(method: _Method) -> _Method:
    """Rebuild the index where it is corrupt or gone, and try again."""

    @functools.wraps(method)
    def rebuilding(self: TranslationMemory, *args: Any) -> Any:
        for attempt in range(_ATTEMPTS):
            try:
                return method(self, *args)
            except sqlite3.DatabaseError as error:
                if not is_corruption(error):
                    raise
                problem = error
            with suppress(sqlite3.DatabaseError):  # it was replaced once more; the next try tells
                self.rebuild_index(anew=attempt > 0)
        raise UserError(f"its index cannot be used ({problem})", file=self.folder) from problem

    return cast(_Method, rebuilding)


class TranslationMemory:
    """Translations made in one way, across runs; safe to use from several processes."""

    def __init__(self, root: Path, identity: Mapping[str, Any]) -> None:
        """The memory in a folder of its own within `root`; `identity` is everything that decides
        how a segment is translated."""
        name = f"{identity['source']}-{identity['target']}-{fingerprint([VERSION, identity])[:16]}"
        self.folder = root / name
        self._identity = identity
        self._index = self.folder / "index.sqlite"
        self._created = False
        self._lost: set[str] = set()
        """Files that turned out to be gone or corrupt, or unlike what the index says of them."""
        self._valid: set[str] = set()
        """Files whose content was checked, which their names fix."""

    @_rebuilding_index
    def snapshot(self, file: Path, inputs: str) -> Snapshot:
        """The moment that `file` records; taken now where it records none for the input with the
        hash `inputs`.

        Threads and processes that call it at the same time all get the same moment.
        """
        # The shards of a run call this in parallel: the first one takes it, the others read it.
        with self._open() as index, transaction(index):
            memory = index.execute("SELECT id FROM memory").fetchone()[0]
            try:
                taken = Snapshot(**(read_checked(file) or {}))
                if taken.memory == memory and taken.inputs == inputs:
                    return taken
            except TypeError:  # there is none
                pass
            parts = index.execute("SELECT COALESCE(MAX(part), 0) FROM parts").fetchone()[0]
            taken = Snapshot(memory, parts, inputs)
            write_checked(file, asdict(taken))
        return taken

    @_rebuilding_index
    def look_up(self, keys: Sequence[bytes], at: Snapshot) -> tuple[list[int], pa.Table]:
        """Which of `keys` (by number, ascending) the memory had at the moment `at`, and their
        translations."""
        hits_by_file: dict[str, list[tuple[int, int]]] = {}
        with self._open() as index:
            for number, key in enumerate(keys):
                hit = index.execute(
                    "SELECT name, row FROM segments JOIN parts USING (part) "
                    "WHERE key = ? AND part <= ?",
                    (key, at.parts),
                ).fetchone()
                if hit is not None:
                    hits_by_file.setdefault(hit[0], []).append((number, hit[1]))
        numbers: list[int] = []
        tables = []
        for name, hits in sorted(hits_by_file.items()):
            wanted = [number for number, _ in hits]
            found = self._take(name, [row for _, row in hits])
            if found is None or found.column("key").to_pylist() != [keys[n] for n in wanted]:
                self._lost.add(name)
                continue
            numbers += wanted
            tables.append(found)
        if not tables:
            return [], TRANSLATION_SCHEMA.empty_table()
        order = sorted(range(len(numbers)), key=numbers.__getitem__)
        return sorted(numbers), pa.concat_tables(tables).take(pa.array(order, pa.int64()))

    def _take(self, name: str, rows: Sequence[int]) -> pa.Table | None:
        table = self.read(name)
        if table is None or max(rows) >= table.num_rows:
            return None
        return table.take(pa.array(rows, pa.int64()))

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the translations of `batch`; segments that are there already stay as they are."""
        if batch.num_rows:
            content = pa.BufferOutputStream()
            with pa.ipc.new_file(content, batch.schema) as out:
                out.write(batch)
            self.add_file(content.getvalue().to_pybytes())

    @_rebuilding_index
    def add_file(self, content: bytes) -> bool:
        """Add the file that has `content`; False where it is there already."""
        name = content_hash(content)
        with self._open() as index, transaction(index):
            self._forget_lost(index)
            if index.execute("SELECT 1 FROM parts WHERE name = ?", (name,)).fetchone():
                return False
            with replacing(self._path(name)) as temporary:
                temporary.write_bytes(content)
            _enter(index, name, self._keys(name))
        return True

    def _forget_lost(self, index: sqlite3.Connection) -> None:
        """Take lost files out of the index; one that is whole is entered anew, as a new part."""
        while self._lost:
            name = self._lost.pop()
            index.execute(
                "DELETE FROM segments WHERE part IN (SELECT part FROM parts WHERE name = ?)",
                (name,),
            )
            index.execute("DELETE FROM parts WHERE name = ?", (name,))
            if keys := self._keys(name):
                _enter(index, name, keys)

    def rebuild_index(self, anew: bool = False) -> None:
        """Rebuild the index from the files, oldest first; one that looks right is kept, unless it
        is to be made `anew`."""
        make_folder(self.folder)
        with writing(self.folder), using_index(self._index, alone=True):
            self._created = False
            # Another thread or process may have been first, or it was only emptied.
            if not anew and self._is_sound():
                return
            remove_index(self._index)
            self._created = False
            with self._connected():
                pass

    def _is_sound(self) -> bool:
        try:
            with self._connected() as index:
                return bool(index.execute("PRAGMA quick_check").fetchone() == ("ok",))
        except sqlite3.DatabaseError:
            return False

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.arrow"

    def read(self, name: str) -> pa.Table | None:
        """The translations of the file `name` (without its suffix); None where the file is gone,
        its content has another hash than its name says, or it is no table of translations."""
        path = self._path(name)
        try:
            if file_hash(path) != name:
                return None
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
            if name not in self._valid:
                table.validate(full=True)
                if not is_consistent(table):
                    return None
                self._valid.add(name)
        except (UserError, OSError, pa.ArrowInvalid):
            return None
        return table

    def _keys(self, name: str) -> list[bytes]:
        table = self.read(name)
        return [] if table is None else table.column("key").to_pylist()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if not self._created:
            refuse_links(self.folder.parent)
        make_folder(self.folder)
        with writing(self.folder), using_index(self._index), self._connected() as connection:
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # Autocommit; writers say where their transactions begin.
        connect = functools.partial(sqlite3.connect, timeout=60, isolation_level=None)
        with writing_index(self._index), closing(connect(self._index)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            if not self._created:
                with transaction(connection):
                    if _create_tables(connection):
                        self._enter_files(connection)
                    self._describe()
                self._created = True
            yield connection

    def _enter_files(self, index: sqlite3.Connection) -> None:
        """Put what the files have into an index that is new, oldest first."""
        for file in sorted(self.folder.glob("*.arrow"), key=lambda f: (f.stat().st_mtime_ns, f)):
            if keys := self._keys(file.stem):
                _enter(index, file.stem, keys)

    def _describe(self) -> None:
        """Write what the memory is of to a file, because the folder's name is only a hash."""
        text = (
            json.dumps(plain(self._identity), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        )
        file = self.folder / "identity.json"
        # Once: where the index was replaced, two processes may be here at a time.
        if not file.is_file() or file.read_bytes() != text.encode():
            write_text(file, text)


def _enter(index: sqlite3.Connection, name: str, keys: Sequence[bytes]) -> None:
    """Put the segments of the file `name` into the index, except for those that it has."""
    part = index.execute("INSERT INTO parts (name) VALUES (?)", (name,)).lastrowid
    index.executemany(
        "INSERT OR IGNORE INTO segments VALUES (?, ?, ?)",
        [(key, part, row) for row, key in enumerate(keys)],
    )


def _create_tables(connection: sqlite3.Connection) -> bool:
    """Whether they were not there yet."""
    new = create_tables(connection, _TABLES)
    if new or connection.execute("SELECT 1 FROM memory").fetchone() is None:
        connection.execute("INSERT INTO memory VALUES (?)", (uuid.uuid4().hex,))
        return True
    return False
