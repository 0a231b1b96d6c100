"""SQuAD 2.0 JSON, and plain text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from corpora.records import Row
from corpora.writers.options import Target


def write_squad(rows: Iterator[Row], target: Target) -> None:
    """Write `rows` to `target`.

    Consecutive rows with one title form an article, those with one context a paragraph. A row
    without spans is an impossible question. Raises `UserError` for a row without question.
    """
    target.write('{"version": "v2.0", "data": [')
    by_title = groupby(rows, key=lambda row: row.meta.get("title", ""))
    for number, (title, articles) in enumerate(by_title):
        target.write(",\n" if number else "\n")
        target.write(f'{{"title": {_json(title)}, "paragraphs": [')
        for index, (context, questions) in enumerate(groupby(articles, key=lambda r: r.text)):
            paragraph = {"context": context, "qas": [_question(q, target) for q in questions]}
            target.write((",\n" if index else "\n") + _json(paragraph))
        target.write("]}")
    target.write("\n]}\n")


def _question(row: Row, target: Target) -> dict[str, Any]:
    if row.text_pair is None:
        raise target.refuse(row, "SQuAD cannot hold a row without a question (text_pair)")
    answers = [{"text": row.text[s.start : s.end], "answer_start": s.start} for s in row.spans]
    return {
        "id": row.id,
        "question": row.text_pair,
        "answers": answers,
        "is_impossible": not answers,
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_lines(rows: Iterator[Row], target: Target) -> None:
    """Write the text alone of `rows` to `target`, one line per row.

    Raises `UserError` for a text with a line break.
    """
    for row in rows:
        if "\n" in row.text or row.text.endswith("\r"):
            raise target.refuse(row, "a text with a line break cannot be one line")
        target.write(row.text + "\n")
