"""SQuAD 1.1 and 2.0 JSON, an article at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpora.errors import UserError
from corpora.readers.mapping import ValueProblem, read_spans, short
from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import text_blocks
from corpora.records import EMPTY, Row, Span

_SPACE = re.compile(r"[ \t\r\n]*")


def read_squad(source: Source) -> Items:
    """Every question as a row: the context is the text, the question the second text.

    Answers are spans labelled `answer`, equal ones once; an impossible question has none.
    """
    number = 0
    for article in _Json(source.path).items_of("data"):
        try:
            meta = {"title": article["title"]} if article.get("title") else EMPTY
            for paragraph in article["paragraphs"]:
                context = paragraph["context"]
                for question in paragraph["qas"]:
                    yield _read_question(source, number + 1, context, question, meta)
                    number += 1
        except (KeyError, TypeError) as error:
            raise UserError(
                f"not SQuAD: no {error} where it belongs", file=source.path, row=number + 1
            ) from error


def _read_question(
    source: Source, number: int, context: str, question: dict[str, Any], meta: Any
) -> tuple[int, Row] | Defect:
    given = str(question["id"])
    asked: Any = question.get("question")
    answers = [] if question.get("is_impossible") else question.get("answers", [])
    row = Row(given, source.lang, context, asked, meta=meta)
    for name, value in (("context", context), ("question", asked)):
        if not isinstance(value, str):
            problem = f"{name!r} is not a string: {short(value)}"
            return Defect(number, "not-text", problem, Row(given, source.lang, str(context)))
    if not asked.strip():
        return Defect(
            number, "empty-text", "the question is empty", Row(given, source.lang, str(context))
        )
    try:
        spans = read_spans(answers, context)
    except ValueProblem as problem:
        if source.options.on_error != "repair" or problem.reason != "span-text-differs":
            return Defect(number, problem.reason, problem.detail, row)
        found = _find_answers(answers, context)
        if found is None:
            return Defect(number, problem.reason, problem.detail, row)
        source.mended["answer-moved"] += 1
        spans = found
    return number, Row(given, source.lang, context, asked, spans=spans, meta=meta)


def _find_answers(answers: list[dict[str, Any]], context: str) -> tuple[Span, ...] | None:
    """The place nearest to the given one where each answer really stands; None if one does not."""
    spans = []
    for answer in answers:
        said, given = answer["text"], answer["answer_start"]
        places = [m.start() for m in re.finditer(re.escape(said), context)]
        if not said or not places:
            return None
        start = min(places, key=lambda place: (abs(place - given), place))
        spans.append(Span(start, start + len(said), "answer"))
    return tuple(dict.fromkeys(spans))


class _Json:
    """A JSON document read in pieces; only one item of its list is held at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._blocks = text_blocks(path)
        self._decoder = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._line = 1

    def items_of(self, wanted: str) -> Iterator[Any]:
        """The items of the list under the key `wanted` of the document's object."""
        self._expect("{")
        found = False
        while self._next() != "}":
            key = self._value()
            self._expect(":")
            if key == wanted:
                found = True
                yield from self._items()
            else:
                self._value()
            if self._next() == ",":
                self._at += 1
        if not found:
            raise UserError(f"not SQuAD: it has no {wanted!r}", file=self._path)

    def _items(self) -> Iterator[Any]:
        self._expect("[")
        while self._next() != "]":
            yield self._value()
            if self._next() == ",":
                self._at += 1
        self._at += 1

    def _more(self) -> bool:
        # As much again as is held: an item of any size is parsed a few times only.
        parts = [self._buffer[self._at :]]
        self._line += self._buffer.count("\n", 0, self._at)
        size = len(parts[0])
        got = 0
        while got <= size and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            got += len(block)
        self._buffer, self._at = "".join(parts), 0
        return got > 0

    def _next(self) -> str:
        """The next character that is no space, not yet consumed."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                raise UserError("the JSON is cut short", file=self._path)

    def _expect(self, character: str) -> None:
        if self._next() != character:
            kind = "JSON" if character == ":" else "SQuAD"
            raise self._wrong(self._at, f"{character!r} expected", kind)
        self._at += 1

    def _value(self) -> Any:
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                # An unfinished string is blamed on its start, all else on where it breaks off.
                unfinished = error.msg.startswith("Unterminated") or (
                    error.pos >= len(self._buffer) - 16
                )
                if unfinished and self._more():
                    continue
                raise self._wrong(error.pos, error.msg) from error
            except RecursionError as error:
                raise self._wrong(self._at, "nested too deeply") from error
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _wrong(self, position: int, problem: str, kind: str = "JSON") -> UserError:
        line = self._line + self._buffer.count("\n", 0, position)
        return UserError(f"not {kind}: {problem}", file=self._path, line=line)
