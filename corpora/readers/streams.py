"""Files as bytes, as lines and as text: decompressed, decoded, and in bounded memory."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from corpora.errors import UserError
from corpora.limits import LINE_VARIABLE, line_error, max_line
from corpora.storage import COMPRESSIONS

_BLOCK = 1 << 20
_HEAD = 4
WHOLE_LINES = 8
"""How many times as long as a line a value of several lines may be that is read as a whole."""
_MOST_RATIO = 100
"""How many times as large a Parquet or Arrow file may become, which is compressed by itself or
hardly can be, once it has `_UNPACKED_FREELY` bytes."""
_UNPACKED_FREELY = 1 << 26
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_UNDECODED = re.compile("[\udc80-\udcff]")  # as Python's `surrogateescape` has bytes


def compression_of(head: bytes) -> str | None:
    """`gzip`, `zstd` or None, of a file that begins with the bytes `head`, four or more."""
    if head.startswith(_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_ZSTD) else None


def format_suffix(path: Path) -> str:
    """The suffix of `path` that names its format, in lower case: `.jsonl` of `a.JSONL.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turn the failures of opening `path` into a `UserError` that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise UserError("no such file", file=path) from error
    except IsADirectoryError as error:
        raise UserError("this is a folder, not a file", file=path) from error
    except PermissionError as error:
        raise UserError("no permission to read this file", file=path) from error
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror or error})", file=path) from error


def blocks(source: Path | BinaryIO, name: str | Path | None = None) -> Iterator[bytes]:
    """The bytes of `source`, a file or an open stream, decompressed, a megabyte at a time.

    The compression is told from its first bytes, which are read once: it may be a pipe. A stream
    gives its bytes as they come. Raises `UserError` for a file that is missing, cut short or
    damaged, which it calls `name` (None is its path).
    """
    if isinstance(source, Path):
        with opening(source), source.open("rb") as file:
            yield from _blocks(file, source if name is None else name, file.read)
    else:
        yield from _blocks(source, name, getattr(source, "read1", source.read))


def _blocks(
    file: BinaryIO, name: str | Path | None, read: Callable[[int], bytes]
) -> Iterator[bytes]:
    """`blocks` of the open `file`, called `name`; `read` reads it where it is not compressed."""
    head = file.read(_HEAD)
    kind = compression_of(head)
    if kind is not None:
        read, head = _decompressing(_Whole(head, file), kind).read, b""
    while True:
        try:
            block = head + read(_BLOCK)
        except EOFError as error:
            raise UserError("the gzip file is cut short", file=name) from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"the gzip file is damaged ({error})", file=name) from error
        except OSError as error:
            if kind != "zstd":
                raise
            problem = f"the zstd file is cut short or damaged ({error})"
            raise UserError(problem, file=name) from error
        if not block:
            return
        yield block
        head = b""


def _decompressing(raw: _Whole, kind: str) -> BinaryIO:
    if kind == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="rb"))
    stream = pa.PythonFile(io.BufferedReader(raw, _BLOCK), mode="r")
    return cast(BinaryIO, pa.CompressedInputStream(stream, "zstd"))


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


@contextmanager
def seekable(path: Path) -> Iterator[BinaryIO]:
    """The bytes of `path`, decompressed, for formats that are not read from front to back.

    They go to a temporary file where they are not there already, so here a ratio of compression
    that no such file has is refused with a `UserError`.
    """
    with opening(path):
        file = path.open("rb")
    with file:
        packed = None
        if file.seekable():
            if compression_of(file.read(_HEAD)) is None:
                file.seek(0)
                yield file
                return
            packed = file.seek(0, io.SEEK_END)
            file.seek(0)
        with tempfile.TemporaryFile() as plain:
            size = 0
            for block in _blocks(file, path, file.read):
                size += len(block)
                if packed is not None and size > max(_UNPACKED_FREELY, _MOST_RATIO * packed):
                    raise UserError(
                        f"its {packed:,} bytes unpack to more than {_MOST_RATIO} times as many; if "
                        "that is meant to be so, unpack it first",
                        file=path,
                    )
                plain.write(block)
            plain.seek(0)
            yield cast(BinaryIO, plain)


def text_blocks(
    source: Path | BinaryIO, *, strict: bool = True, name: str | Path | None = None
) -> Iterator[str]:
    """The text of `source`, in pieces that each end after a line break (but perhaps the last).

    They have at most a line and a megabyte.

    A byte order mark is left out, line breaks are as they are. Raises `UserError` that names the
    byte offset where the (decompressed) file is not UTF-8; if not `strict`, such bytes are left
    for `undecoded` to find. For `name` see `blocks`.
    """
    name = source if name is None and isinstance(source, Path) else name
    most = max_line()
    offset = lines = waiting = 0
    pending: list[bytes] = []
    for block in blocks(source, name):
        cut = block.rfind(b"\n") + 1
        first = block.find(b"\n") if cut else len(block)
        if waiting + first > most:
            raise line_error("the line", name, lines + 1)
        if not cut:
            pending.append(block)
            waiting += len(block)
            continue
        data = b"".join([*pending, block[:cut]])
        pending, waiting = [block[cut:]], len(block) - cut
        yield _decode(data, offset, name, strict)
        offset += len(data)
        lines += data.count(b"\n")
    if data := b"".join(pending):
        yield _decode(data, offset, name, strict)


def decoded_blocks(path: Path, *, strict: bool = True) -> Iterator[str]:
    """The text of `path` in pieces of about a megabyte that end anywhere, for formats that are not
    made of lines; see `text_blocks` for `strict` and for what it raises."""
    offset = 0
    left = b""
    for block in blocks(path):
        data = left + block
        cut = len(data) - _unfinished(data)
        yield _decode(data[:cut], offset, path, strict)
        offset, left = offset + cut, data[cut:]
    if left:
        yield _decode(left, offset, path, strict)


def whole_text(path: Path) -> str:
    """The whole text of `path`, for formats that are one value; raises `UserError` as
    `text_blocks` does, and for more than `WHOLE_LINES` times what a line may have."""
    most, parts, size = WHOLE_LINES * max_line(), [], 0
    for text in decoded_blocks(path):
        parts.append(text)
        size += len(text)
        if size > most:
            raise UserError(
                f"more than {most >> 20} MiB, the most of a file that is read as a whole; if that "
                f"is meant to be so, set {LINE_VARIABLE} to more than "
                f"{most // WHOLE_LINES >> 20} (in MiB)",
                file=path,
            )
    return "".join(parts)


def _unfinished(data: bytes) -> int:
    """How many bytes at the end of `data` are the beginning of a character that goes on."""
    for count in range(1, min(3, len(data)) + 1):
        byte = data[-count]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return count if length > count else 0
        if byte < 0x80:
            return 0
    return 0


def _decode(data: bytes, offset: int, name: str | Path | None, strict: bool) -> str:
    skip = len(_BOM) if offset == 0 and data.startswith(_BOM) else 0
    try:
        return data[skip:].decode("utf-8", "strict" if strict else "surrogateescape")
    except UnicodeDecodeError as error:
        at = offset + skip + error.start
        raise UserError(
            f"not UTF-8: byte 0x{error.object[error.start]:02x} at byte offset {at}", file=name
        ) from error


def undecoded(text: str) -> str | None:
    """What is wrong with `text` of a file that was not read strictly; None if nothing is."""
    match = None if text.isascii() else _UNDECODED.search(text)
    return None if match is None else f"not UTF-8: byte 0x{ord(match[0]) & 0xFF:02x}"


def text_lines(
    source: Path | BinaryIO,
    *,
    keep_ends: bool = False,
    strict: bool = True,
    name: str | Path | None = None,
) -> Iterator[str]:
    r"""The lines of the UTF-8 file or stream `source`; only `\n` and `\r\n` end a line.

    With `keep_ends` each line keeps its line break. For `strict` see `text_blocks`, for `name`
    `blocks`.
    """
    for block in text_blocks(source, strict=strict, name=name):
        if keep_ends:
            yield from io.StringIO(block, newline="\n")
            continue
        lines = block.split("\n")
        if block.endswith("\n"):
            lines.pop()
        if "\r" in block:
            lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        yield from lines
