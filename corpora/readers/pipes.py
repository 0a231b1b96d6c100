"""Inputs that can be read only once: pipes, devices and standard input, copied to temporary files.

A copy can be read from its start, as often as needed. It has a suffix that names its format, where
its first bytes tell it, and errors call it by the name that the user gave.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from corpora.errors import UserError, call
from corpora.readers.streams import blocks, format_suffix, opening
from corpora.storage import reading, writing

_STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
_MAGIC = {b"PAR1": ".parquet", b"ARROW1": ".arrow", b"<?xml": ".tmx", b"<tmx": ".tmx"}

_folder: tempfile.TemporaryDirectory[str] | None = None
_copies = 0
_read_stream: object = None


def is_read_once(path: Path) -> bool:
    """Whether `path` is standard input, a pipe or a device."""
    if str(path) in _STANDARD_INPUT:
        return True
    return path.exists() and not path.is_file() and not path.is_dir()


def regular_file(path: Path) -> Path:
    """`path`; where it can be read only once, a copy of all that comes from it, until we end.

    Raises `UserError` for standard input that was read before, and for a full disk.
    """
    with reading(path):
        read_once = is_read_once(path)
    if not read_once:
        return path
    global _folder, _copies
    if _folder is None:
        _folder = tempfile.TemporaryDirectory(prefix="labelferry-")
    _copies += 1
    folder = Path(_folder.name) / str(_copies)
    folder.mkdir()
    copy = folder / "input"
    with _stream(path) as stream, writing(copy), copy.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    name = "standard input" if str(path) in _STANDARD_INPUT else str(path)
    call(copy, name)
    suffix = "" if format_suffix(path) else _suffix_by_content(copy)
    named = copy.rename(folder / f"{path.name}{suffix}")
    call(named, name)
    return named


def remove_copies() -> None:
    """Delete the copies; for a process that ends without cleaning up."""
    if _folder is not None:
        shutil.rmtree(_folder.name, ignore_errors=True)


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    if str(path) in _STANDARD_INPUT:
        yield _standard_input()
        return
    with opening(path), path.open("rb") as stream:
        yield stream


def _standard_input() -> BinaryIO:
    global _read_stream
    if sys.stdin is None:
        raise UserError("it is closed", file="standard input")
    if _read_stream is sys.stdin:
        raise UserError("only one of the inputs can be standard input")
    _read_stream = sys.stdin
    return sys.stdin.buffer


def _suffix_by_content(path: Path) -> str:
    """The suffix of the format that the first bytes of `path` tell; empty where they do not."""
    head = next(blocks(path), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    for magic, suffix in _MAGIC.items():
        if head.startswith(magic):
            return suffix
    if not head.startswith(b"{"):
        return ""
    line, _, rest = head.partition(b"\n")
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        return ".json" if rest and line.strip() == b"{" else ".jsonl"
    return ".json" if "data" in first and not rest.strip() else ".jsonl"
