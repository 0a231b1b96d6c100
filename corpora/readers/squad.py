"""SQuAD 1.1 and 2.0 JSON, an article at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from corpora.readers.json_stream import JsonStream
from corpora.readers.options import Defect, Items, Source
from corpora.readers.values import ValueProblem, as_string, read_spans, short, span_items, whole
from corpora.records import EMPTY, Row, Span


@dataclass(frozen=True, slots=True)
class _Question:
    """A question of the file: only that it is an object has been checked."""

    title: Any
    context: Any
    fields: dict[str, Any]


def read_squad(source: Source) -> Items:
    """Every question of `source` as a row: the context is the text, the question the second text.

    Answers are spans labelled `answer`, equal ones once; an impossible question has none. An
    article or a paragraph in which no question can be found counts as one bad row.
    """
    articles = JsonStream(source, "SQuAD").items_of(("data",))
    questions = (question for article in articles for question in _questions(article))
    for number, question in enumerate(questions, 1):
        if isinstance(question, _Question):
            yield _read_question(source, number, question)
        else:
            problem = f"not SQuAD: {question}"
            yield Defect(number, "not-squad", problem, Row("", source.lang, ""))


def _questions(article: Any) -> Iterator[_Question | str]:
    """The questions of an article; what is wrong with one in its stead."""
    paragraphs = _list_in(article, "paragraphs", "an article")
    if isinstance(paragraphs, str):
        yield paragraphs
        return
    for paragraph in paragraphs:
        questions = _list_in(paragraph, "qas", "a paragraph")
        if isinstance(questions, str):
            yield questions
            continue
        for question in questions:
            if isinstance(question, dict):
                yield _Question(article.get("title"), paragraph.get("context"), question)
            else:
                yield f"a question is not an object: {short(question)}"


def _list_in(value: Any, name: str, kind: str) -> list[Any] | str:
    """The list called `name` in `value`, or what is wrong."""
    if not isinstance(value, dict):
        return f"{kind} is not an object: {short(value)}"
    if name not in value:
        return f"no {name!r} where it belongs"
    items = value[name]
    return items if isinstance(items, list) else f"{name!r} is not a list: {short(items)}"


def _read_question(source: Source, number: int, question: _Question) -> tuple[int, Row] | Defect:
    try:
        return number, _row(source, question)
    except ValueProblem as problem:
        row_id, text_pair = question.fields.get("id"), question.fields.get("question")
        remains = Row(
            str(row_id) if isinstance(row_id, str | int) else "",
            source.lang,
            question.context if isinstance(question.context, str) else "",
            text_pair if isinstance(text_pair, str) else None,
        )
        return Defect(number, problem.reason, problem.detail, remains)


def _row(source: Source, question: _Question) -> Row:
    fields, context = question.fields, question.context
    if "id" not in fields:
        raise ValueProblem("missing-field", "not SQuAD: no 'id' where it belongs")
    text_pair: Any = fields.get("question")
    row_id = whole(fields["id"])
    row_id = str(row_id) if type(row_id) is int else row_id
    for name, value in (("id", row_id), ("context", context), ("question", text_pair)):
        if not isinstance(value, str):
            raise ValueProblem("not-text", f"{name!r} is not a string: {short(value)}")
    if not text_pair.strip():
        raise ValueProblem("empty-text", "the question is empty")
    impossible = bool(fields.get("is_impossible"))
    if source.options.labelled and not impossible and fields.get("answers") is None:
        raise ValueProblem("missing-label", "the question has no 'answers': it is not labelled")
    spans = _spans(source, None if impossible else fields.get("answers"), context)
    title = question.title
    meta = EMPTY if title is None or title == "" else {"title": as_string(title)}
    return Row(row_id, source.lang, context, text_pair, spans=spans, meta=meta)


def _spans(source: Source, answers: Any, context: str) -> tuple[Span, ...]:
    # A span of another shape would give an answer whose text nobody has compared with the context.
    for answer in span_items(answers):
        if not isinstance(answer, dict) or not {"text", "answer_start"} <= answer.keys():
            problem = f"an answer has no 'text' and 'answer_start': {short(answer)}"
            raise ValueProblem("bad-spans", problem)
    try:
        return read_spans(answers, context, source.options.offsets)
    except ValueProblem as problem:
        if source.options.on_error != "repair" or problem.reason != "span-text-differs":
            raise
        moved = _find_answers(answers, context)
        if moved is None:
            raise
        source.repaired["answer-moved"] += 1
        return moved


def _find_answers(answers: Any, context: str) -> tuple[Span, ...] | None:
    """Each answer where it occurs nearest to its given offset; None if one does not occur."""
    spans = []
    for answer in span_items(answers):
        text, offset = answer["text"], whole(answer["answer_start"])
        if not isinstance(text, str) or not text or type(offset) is not int:
            return None
        starts = [m.start() for m in re.finditer(f"(?={re.escape(text)})", context)]
        if not starts:
            return None
        start = min(starts, key=lambda start: (abs(start - offset), start))
        spans.append(Span(start, start + len(text), "answer"))
    return tuple(dict.fromkeys(spans))
