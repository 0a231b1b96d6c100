"""Files as bytes, as lines and as text: decompressed, decoded, and in bounded memory."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from corpora.errors import UserError
from corpora.storage import COMPRESSIONS

_BLOCK = 1 << 20
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_BOM = b"\xef\xbb\xbf"
_UNDECODED = re.compile("[\udc80-\udcff]")  # as Python's `surrogateescape` has bytes


def compression(path: Path) -> str | None:
    """`gzip`, `zstd` or None, by the first bytes of the file `path`; its name does not matter."""
    with _opening(path), path.open("rb") as file:
        return compression_of(file.read(4))


def compression_of(head: bytes) -> str | None:
    """`compression` of a file that begins with the bytes `head`, four or more."""
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
def _opening(path: Path) -> Iterator[None]:
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


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of the file `path`, decompressed, a megabyte at a time.

    Raises `UserError` for a file that is missing, cut short or damaged.
    """
    kind = compression(path)
    with _opening(path), _open(path, kind) as stream:
        while True:
            try:
                block = stream.read(_BLOCK)
            except EOFError as error:
                raise UserError("the gzip file is cut short", file=path) from error
            except (zlib.error, gzip.BadGzipFile) as error:
                raise UserError(f"the gzip file is damaged ({error})", file=path) from error
            except OSError as error:
                if kind != "zstd":
                    raise
                raise UserError(
                    f"the zstd file is cut short or damaged ({error})", file=path
                ) from error
            if not block:
                return
            yield block


def _open(path: Path, kind: str | None) -> BinaryIO:
    if kind == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    if kind == "zstd":
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


@contextmanager
def seekable(path: Path) -> Iterator[BinaryIO]:
    """The bytes of `path`, decompressed, for formats that are not read from front to back."""
    if compression(path) is None:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as plain:
        for block in blocks(path):
            plain.write(block)
        plain.seek(0)
        yield cast(BinaryIO, plain)


def text_blocks(path: Path, *, strict: bool = True) -> Iterator[str]:
    """The text of `path`, in pieces that each end after a line break (but perhaps the last).

    A byte order mark is left out, line breaks are as they are. Raises `UserError` that names the
    byte offset where the (decompressed) file is not UTF-8; if not `strict`, such bytes are left
    for `undecoded` to find.
    """
    offset = 0
    pending: list[bytes] = []
    for block in blocks(path):
        cut = block.rfind(b"\n") + 1
        if not cut:
            pending.append(block)
            continue
        data = b"".join([*pending, block[:cut]])
        pending = [block[cut:]]
        yield _decode(data, offset, path, strict)
        offset += len(data)
    if data := b"".join(pending):
        yield _decode(data, offset, path, strict)


def _decode(data: bytes, offset: int, path: Path, strict: bool) -> str:
    skip = len(_BOM) if offset == 0 and data.startswith(_BOM) else 0
    try:
        return data[skip:].decode("utf-8", "strict" if strict else "surrogateescape")
    except UnicodeDecodeError as error:
        at = offset + skip + error.start
        raise UserError(
            f"not UTF-8: byte 0x{error.object[error.start]:02x} at byte offset {at}", file=path
        ) from error


def undecoded(text: str) -> str | None:
    """What is wrong with `text` of a file that was not read strictly; None if nothing is."""
    match = None if text.isascii() else _UNDECODED.search(text)
    return None if match is None else f"not UTF-8: byte 0x{ord(match[0]) & 0xFF:02x}"


def text_lines(path: Path, *, keep_ends: bool = False, strict: bool = True) -> Iterator[str]:
    r"""The lines of the UTF-8 file `path`; `\n` and `\r\n` end a line, nothing else does.

    With `keep_ends` each line keeps its line break. For `strict` see `text_blocks`.
    """
    for block in text_blocks(path, strict=strict):
        if keep_ends:
            yield from io.StringIO(block, newline="\n")
            continue
        lines = block.split("\n")
        if block.endswith("\n"):
            lines.pop()
        if "\r" in block:
            lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        yield from lines
