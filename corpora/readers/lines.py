"""Plain text: one example a line."""

from __future__ import annotations

from corpora.readers.options import Items, Source
from corpora.readers.streams import text_lines
from corpora.records import Row


def read_lines(source: Source) -> Items:
    """Every line as the text of a row."""
    for number, line in enumerate(text_lines(source.path), 1):
        yield number, Row("", source.lang, line)
