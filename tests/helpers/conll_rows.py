"""The rows of CoNLL files, and what their spans hold."""

from __future__ import annotations

from pathlib import Path

from corpora.readers import open_corpus
from corpora.records import Row


def rows(path: Path, text: str, **options: object) -> list[Row]:
    """The rows of the CoNLL `text`, written to `path` and read with `options`."""
    path.write_text(text, encoding="utf-8")
    arguments = {"task": "tokens", "lang": "de"} | options
    return list(open_corpus(path, **arguments).rows())  # type: ignore[arg-type]


def mentions(row: Row) -> list[tuple[str, str]]:
    """The texts and labels of the spans of `row`."""
    return [(row.text[s.start : s.end], s.label) for s in row.spans]
