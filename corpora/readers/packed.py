"""Compressed files as streams: gzip, zstd, bzip2, xz, and a zip archive of one file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from corpora.errors import UserError

_BLOCK = 1 << 20
HEAD = 4
"""Bytes at the beginning of a file that tell how it is compressed."""
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zX": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",  # an empty one
}
_DAMAGED = (zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, ValueError)


def compression_of(head: bytes) -> str | None:
    """The compression of a file that begins with the bytes `head`, `HEAD` or more; None if none."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


@contextmanager
def unpacking(kind: str, name: str | Path | None) -> Iterator[None]:
    """Turn what goes wrong while a file of the compression `kind` is read into a `UserError` that
    calls it `name`."""
    try:
        yield
    except EOFError as error:
        raise UserError(f"the {kind} file is cut short", file=name) from error
    except (*_DAMAGED, OSError) as error:
        # Arrow and bzip2 do not say which of the two it is.
        unsure = isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile)
        what = "cut short or damaged" if unsure else "damaged"
        raise UserError(f"the {kind} file is {what} ({error})", file=name) from error
    except RuntimeError as error:  # of a zip archive
        raise UserError("the zip file has a password: unpack it first", file=name) from error


def unpacked(head: bytes, rest: BinaryIO, kind: str, name: str | Path | None) -> BinaryIO:
    """A stream of what the file `rest`, whose first bytes `head` were read already, has packed.

    `kind` is its compression; errors call it `name`. To be used within `unpacking`.
    """
    raw = _Whole(head, rest)
    if kind == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
    if kind == "bzip2":
        return cast(BinaryIO, bz2.BZ2File(cast(BinaryIO, raw)))
    if kind == "xz":
        return cast(BinaryIO, lzma.LZMAFile(cast(BinaryIO, raw)))
    if kind == "zip":
        return _member(raw, rest, name)
    stream = pa.PythonFile(io.BufferedReader(raw, _BLOCK), mode="r")
    return cast(BinaryIO, pa.CompressedInputStream(stream, "zstd"))


def name_in_zip(path: Path) -> str:
    """The name of the one file in the zip archive `path`; empty where it has none or several."""
    try:
        with zipfile.ZipFile(path) as archive:
            files = _files(archive)
    except (OSError, *_DAMAGED):
        return ""
    return files[0].filename if len(files) == 1 else ""


def _member(raw: _Whole, rest: BinaryIO, name: str | Path | None) -> BinaryIO:
    if not rest.seekable():
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the stream's last reference)
        shutil.copyfileobj(io.BufferedReader(raw, _BLOCK), copy)
        rest = cast(BinaryIO, copy)
    archive = zipfile.ZipFile(rest)
    files = _files(archive)
    if len(files) != 1:
        problem = f"the zip file holds {len(files)} files, not one: unpack it, and give its files"
        raise UserError(problem, file=name)
    return cast(BinaryIO, archive.open(files[0]))


def _files(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of `archive` without those that macOS adds."""
    return [
        info
        for info in archive.infolist()
        if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]


class _Whole(io.RawIOBase):
    """A stream whose first bytes were read already, from its beginning."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._head or self._rest.read(len(buffer))
        data, self._head = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
