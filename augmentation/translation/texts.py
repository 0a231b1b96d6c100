"""A file of lines or of JSON Lines, read as items to translate, in chunks of bounded size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from augmentation.translation.labels import labels_lost
from augmentation.translation.rejected import RejectedRows
from corpora.errors import UserError
from corpora.readers.streams import blocks, text_lines, undecoded

TextFormat = Literal["lines", "jsonl"]
CHUNK_ROWS, CHUNK_CHARACTERS = 8192, 2_000_000
FIRST_ROWS = 512
"""The first chunk is a small one, so that how long the rest will take is soon known."""


@dataclass(frozen=True, slots=True)
class TextItem:
    """A line or row of the input."""

    line: int
    """Line number, from 1."""
    text: str
    row: dict[str, Any] | None
    """The JSON object; None where the input is lines."""


@dataclass(frozen=True, slots=True)
class TextSource:
    """Where texts come from, and how they are read."""

    file: Path | BinaryIO
    """A file or an open stream, unpacked where it is compressed."""
    format: TextFormat
    field: str = "text"
    """Field of a JSON object that is translated."""
    into: str | None = None
    """Field that the translation will be written to."""
    skips: bool = False
    """Whether bad rows are rejected, with their reason; else they are an error."""

    @property
    def name(self) -> str:
        """What error messages call it."""
        return str(self.file) if isinstance(self.file, Path) else "standard input"

    def count_lines(self) -> int | None:
        """How many lines there are to read, None where that is unknown."""
        if not isinstance(self.file, Path) or not self.file.is_file():
            return None
        return sum(block.count(b"\n") for block in blocks(self.file)) + 1

    def items(self, rejected: RejectedRows) -> Iterator[TextItem]:
        """The lines or rows in order; bad rows go to `rejected` where `skips` says so.

        Raises `UserError` with file and line for a bad row otherwise, and for text that is not
        UTF-8.
        """
        is_rows = self.format == "jsonl"
        strict = not is_rows or not self.skips
        lines = text_lines(self.file, strict=strict, name=self.name)
        for number, line in enumerate(lines, start=1):
            if not is_rows:
                yield TextItem(number, line, None)
                continue
            if not line.strip():
                continue
            row: dict[str, Any] = {}
            problem = undecoded(line)
            if problem is None:
                problem, row = _read_row(line, self.field)
            if problem is None:
                problem = labels_lost(row, self.field, self.into)
            if problem is None:
                yield TextItem(number, row[self.field], row)
            elif self.skips:
                rejected.write(number, problem, line)
            else:
                raise UserError(problem, file=self.name, line=number)


def format_of(path: Path) -> TextFormat:
    """The format by the name of `path`: `jsonl`, else `lines`."""
    is_rows = any(suffix in (".jsonl", ".ndjson") for suffix in path.suffixes)
    return "jsonl" if is_rows else "lines"


def chunks(items: Iterator[TextItem], most: int) -> Iterator[list[TextItem]]:
    """`items` in lists of at most `most` items, at most `CHUNK_ROWS`, and about `CHUNK_CHARACTERS`
    characters."""
    most = min(most, CHUNK_ROWS)
    chunk: list[TextItem] = []
    size, rows = 0, min(FIRST_ROWS, most)
    for item in items:
        chunk.append(item)
        size += len(item.text)
        if len(chunk) >= rows or size >= CHUNK_CHARACTERS:
            yield chunk
            chunk, size, rows = [], 0, most
    if chunk:
        yield chunk


def _read_row(line: str, field: str) -> tuple[str | None, dict[str, Any]]:
    """What is wrong with a line of JSON, None if nothing, and its row."""
    try:
        row = json.loads(line)
    except ValueError as error:
        return f"not JSON: {error}", {}
    if not isinstance(row, dict):
        return "not an object", {}
    if field not in row:
        return f"no field {field!r} among {', '.join(sorted(row)) or 'none'}", {}
    if not isinstance(row[field], str):
        return f"the field {field!r} is not a string: {row[field]!r:.80}", {}
    return None, row
