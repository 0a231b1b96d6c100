"""The translations of a file that are done so far, kept beside it until it is whole.

`OUT.partial` has a line of JSON for every chunk of the input: the hash of what the chunk was made
from, its output, and a checksum. A later run takes from it the chunks that it would make again,
and makes the others. So it does not matter how the run before ended, or whether the input is a pipe
or has grown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from corpora.errors import UserError
from corpora.fingerprint import fingerprint
from corpora.posix import IS_POSIX
from corpora.storage import replacing_text, writing

SUFFIX = ".partial"


@dataclass(frozen=True, slots=True)
class DoneChunk:
    """A chunk that is translated."""

    text: str
    """The lines that it adds to the output."""
    flagged: int
    """Translations that the guards found something wrong with."""


def partial_name(out: Path) -> Path:
    """The file that keeps what is done of `out`."""
    return out.with_name(out.name + SUFFIX)


class PartialOutput:
    """`OUT.partial` of one run; made by `keeping`."""

    def __init__(self, out: Path) -> None:
        """What is done of the file `out`."""
        self._out = out
        self._path = partial_name(out)
        self._begins: list[int] = []
        self._file = self._open(os.O_RDWR) if self._path.exists() else None
        self._reads = self._file is not None

    def take(self, made_from: str) -> DoneChunk | None:
        """The next chunk, if an earlier run made it from what the hash `made_from` identifies.

        Where it did not, it must be added, and so must all that come after it.
        """
        if self._file is None or not self._reads:
            return None
        begin = self._file.tell()
        chunk = _parse(self._file.readline(), made_from)
        if chunk is None:
            self._reads = False
            self._file.seek(begin)
            with writing(self._path):
                self._file.truncate()
        else:
            self._begins.append(begin)
        return chunk

    def add(self, made_from: str, chunk: DoneChunk) -> None:
        """Keep `chunk`, which was made from what the hash `made_from` identifies."""
        if self._file is None:
            self._file = self._open(os.O_RDWR | os.O_CREAT)
        values = {"made_from": made_from, "text": chunk.text, "flagged": chunk.flagged}
        line = json.dumps(values | {"checksum": fingerprint(values)}) + "\n"
        self._begins.append(self._file.tell())
        with writing(self._path):
            self._file.write(line.encode())
            self._file.flush()

    def put_together(self) -> None:
        """Write the file from the chunks that this run took and added, and delete `OUT.partial`."""
        with replacing_text(self._out) as text:
            if self._file is not None:
                for begin in self._begins:
                    self._file.seek(begin)
                    text.write(json.loads(self._file.readline())["text"])
        if self._file is not None:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close it; an empty one is deleted."""
        if self._file is None:
            return
        with self._file, suppress(OSError):
            if os.fstat(self._file.fileno()).st_size == 0:
                self._path.unlink(missing_ok=True)

    def _open(self, flags: int) -> IO[bytes]:
        with writing(self._path):
            # Not through a link, which might lead to a file that is somebody else's.
            number = os.open(self._path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        file = open(number, "r+b")  # noqa: PTH123, SIM115 (a descriptor; `close` closes it)
        _lock(file, self._out)
        return file


@contextmanager
def keeping(out: Path) -> Iterator[PartialOutput]:
    """What is done of the file `out`, which is written when the context ends without an error.

    Raises `UserError` where another process is writing the same file.
    """
    partial = PartialOutput(out)
    try:
        yield partial
        partial.put_together()
    finally:
        partial.close()


def _lock(file: IO[bytes], out: Path) -> None:
    if not IS_POSIX:
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UserError("another process is writing this file", file=out) from error


def _parse(line: bytes, made_from: str) -> DoneChunk | None:
    """The chunk in `line`, if it is whole and made from what the hash `made_from` identifies."""
    try:
        values: dict[str, Any] = json.loads(line)
        checksum = values.pop("checksum")
        if checksum != fingerprint(values) or values["made_from"] != made_from:
            return None
        return DoneChunk(values["text"], values["flagged"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
