"""JSON documents of any size, an item of their list at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from corpora.errors import UserError
from corpora.limits import LINE_VARIABLE, max_line
from corpora.readers.options import Source
from corpora.readers.streams import WHOLE_LINES

_SPACE = re.compile(r"[ \t\r\n]*")


class JsonStream:
    """A JSON document read in pieces; only one item of its list is held at a time."""

    def __init__(self, source: Source, kind: str = "JSON") -> None:
        """The document of `source`; errors say that it is not of the `kind` that is read."""
        self._kind = kind
        self._path = source.path
        self._blocks = source.blocks()
        self._most = WHOLE_LINES * max_line()
        self._decoder = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._line = 1

    def is_list(self) -> bool:
        """Whether the document is a list, not an object; to be called before anything is read."""
        return self._next() == "["

    def items_of(self, wanted: Collection[str]) -> Iterator[Any]:
        """The items of the lists under the keys `wanted` of the document's object."""
        self._expect("{")
        any_list = False
        while self._next() != "}":
            key = self._value()
            self._expect(":")
            if key in wanted:
                any_list = True
                yield from self._items()
            else:
                self._value()
            self._end_item("}")
        self._at += 1
        if not any_list:
            keys = " or ".join(map(repr, wanted))
            raise UserError(f"not {self._kind}: it has no {keys}", file=self._path)
        self._end()

    def items(self) -> Iterator[Any]:
        """The items of the document's list."""
        yield from self._items()
        self._end()

    def _end(self) -> None:
        if self._next_or_end() is not None:
            raise self._wrong(self._at, "more after its end")

    def _items(self) -> Iterator[Any]:
        self._expect("[")
        while self._next() != "]":
            yield self._value()
            self._end_item("]")
        self._at += 1

    def _end_item(self, closing: str) -> None:
        if self._next() != closing:
            self._expect(",")

    def _more(self) -> bool:
        # Double what is held, so that an item of any size is parsed a few times only.
        parts = [self._buffer[self._at :]]
        self._line += self._buffer.count("\n", 0, self._at)
        size = len(parts[0])
        if size > self._most:
            raise UserError(
                f"an item of the JSON has more than {self._most >> 20} MiB; if that is meant to be "
                f"so, set {LINE_VARIABLE} to more than {self._most // WHOLE_LINES >> 20} (in MiB)",
                file=self._path,
                line=self._line,
            )
        got = 0
        while got <= size and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            got += len(block)
        self._buffer, self._at = "".join(parts), 0
        return got > 0

    def _next(self) -> str:
        """The next character that is no space, not yet consumed."""
        character = self._next_or_end()
        if character is None:
            raise UserError("the JSON is cut short", file=self._path)
        return character

    def _next_or_end(self) -> str | None:
        """`_next`, but None at the end of the file."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return None

    def _expect(self, character: str) -> None:
        if self._next() != character:
            kind = "JSON" if character in ":," else self._kind
            raise self._wrong(self._at, f"{character!r} expected", kind)
        self._at += 1

    def _value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                # For an unfinished string the position is its start, else where the text ends.
                unfinished = error.msg.startswith("Unterminated") or (
                    error.pos >= len(self._buffer) - 16
                )
                if unfinished and self._more():
                    continue
                raise self._wrong(error.pos, error.msg) from error
            except RecursionError as error:
                raise self._wrong(self._at, "nested too deeply") from error
            except ValueError as error:  # a number of thousands of digits
                raise self._wrong(self._at, str(error)) from error
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _wrong(self, position: int, problem: str, kind: str = "JSON") -> UserError:
        line = self._line + self._buffer.count("\n", 0, position)
        return UserError(f"not {kind}: {problem}", file=self._path, line=line)
