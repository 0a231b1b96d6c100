"""Files as bytes, as lines and as text: decompressed, decoded, and in bounded memory."""

from __future__ import annotations

import codecs
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from corpora.errors import UserError
from corpora.limits import LINE_VARIABLE, line_error, max_line
from corpora.readers.packed import HEAD, compression_of, name_in_zip, unpacked, unpacking
from corpora.storage import COMPRESSIONS

_BLOCK = 1 << 20
WHOLE_LINES = 8
"""How many times as long as a line a value of several lines may be that is read as a whole."""
MOST_RATIO = 100
"""How many times as large a Parquet or Arrow file may become, which is compressed by itself or
hardly can be, once it has `UNPACKED_FREELY` bytes."""
UNPACKED_FREELY = 1 << 26
_BOM = b"\xef\xbb\xbf"
_UNDECODED = re.compile("[\udc80-\udcff]")  # as Python's `surrogateescape` has bytes


def format_suffix(path: Path) -> str:
    """The suffix of `path` that names its format, in lower case: `.jsonl` of `a.JSONL.gz`."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".zip":
        suffixes[-1:] = Path(name_in_zip(path)).suffixes[-1:]
        return suffixes[-1].lower() if suffixes else ""
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
    head = file.read(HEAD)
    kind = compression_of(head)
    if kind is None:
        while block := head + read(_BLOCK):
            yield block
            head = b""
        return
    with unpacking(kind, name):
        stream = unpacked(head, file, kind, name)
    while True:
        with unpacking(kind, name):
            block = stream.read(_BLOCK)
        if not block:
            return
        yield block


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
            if compression_of(file.read(HEAD)) is None:
                file.seek(0)
                yield file
                return
            packed = file.seek(0, io.SEEK_END)
            file.seek(0)
        with tempfile.TemporaryFile() as plain:
            size = 0
            for block in _blocks(file, path, file.read):
                size += len(block)
                if packed is not None and size > max(UNPACKED_FREELY, MOST_RATIO * packed):
                    raise UserError(
                        f"its {packed:,} bytes unpack to more than {MOST_RATIO} times as many; if "
                        "that is meant to be so, unpack it first",
                        file=path,
                    )
                plain.write(block)
            plain.seek(0)
            yield cast(BinaryIO, plain)


def in_utf8(
    data: Iterator[bytes], encoding: str | None, name: str | Path | None
) -> Iterator[bytes]:
    """The blocks `data` of a text in `encoding`, None being UTF-8, as blocks in UTF-8.

    Raises `UserError`, calling the file `name`, with the byte offset where they are not in it.
    """
    if encoding is None:
        yield from data
        return
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset = 0
    for block in chain(data, [b""]):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            byte = f" 0x{error.object[start]:02x}" if isinstance(error, UnicodeDecodeError) else ""
            at = offset - waiting + start
            raise UserError(f"not {encoding}: byte{byte} at byte offset {at}", file=name) from error
        offset += len(block)
        yield text.encode("utf-8", "surrogatepass")


def text_blocks(
    source: Path | BinaryIO,
    *,
    strict: bool = True,
    name: str | Path | None = None,
    encoding: str | None = None,
) -> Iterator[str]:
    """The text of `source`, in pieces that each end after a line break (but perhaps the last).

    They have at most a line and a megabyte.

    A byte order mark is left out, line breaks are as they are. Raises `UserError` that names the
    byte offset where the (decompressed) file is not UTF-8; if not `strict`, such bytes are left
    for `undecoded` to find. Another `encoding` is always read strictly. For `name` see `blocks`.
    """
    name = source if name is None and isinstance(source, Path) else name
    most = max_line()
    offset = lines = waiting = 0
    pending: list[bytes] = []
    for block in in_utf8(blocks(source, name), encoding, name):
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


def decoded_blocks(
    path: Path, *, strict: bool = True, encoding: str | None = None
) -> Iterator[str]:
    """The text of `path` in pieces of about a megabyte that end anywhere, for formats that are not
    made of lines; see `text_blocks` for `strict`, `encoding`, and for what it raises."""
    offset = 0
    left = b""
    for block in in_utf8(blocks(path), encoding, path):
        data = left + block
        cut = len(data) - _unfinished(data)
        yield _decode(data[:cut], offset, path, strict)
        offset, left = offset + cut, data[cut:]
    if left:
        yield _decode(left, offset, path, strict)


def whole_text(path: Path, *, encoding: str | None = None) -> str:
    """The whole text of `path`, for formats that are one value; raises `UserError` as
    `text_blocks` (which see for `encoding`) does, and for more than `WHOLE_LINES` times what a
    line may have."""
    most, parts, size = WHOLE_LINES * max_line(), [], 0
    for text in decoded_blocks(path, encoding=encoding):
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
        problem = f"not UTF-8: byte 0x{error.object[error.start]:02x} at byte offset {at}"
        if offset == 0 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            problem += "; it seems to be UTF-16: say so with --encoding utf-16"
        raise UserError(problem, file=name) from error


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
    encoding: str | None = None,
) -> Iterator[str]:
    r"""The lines of the file or stream `source`; only `\n` and `\r\n` end a line.

    With `keep_ends` each line keeps its line break. For `strict` and `encoding` see `text_blocks`,
    for `name` `blocks`.
    """
    for block in text_blocks(source, strict=strict, name=name, encoding=encoding):
        if keep_ends:
            yield from io.StringIO(block, newline="\n")
            continue
        lines = block.split("\n")
        if block.endswith("\n"):
            lines.pop()
        if "\r" in block:
            lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        yield from lines
