"""Plain text: one example per line."""

from __future__ import annotations

from corpora.readers.options import Defect, Items, Source
from corpora.readers.streams import undecoded
from corpora.records import Row


def read_lines(source: Source) -> Items:
    """Every line of `source` as the text of a row."""
    for number, line in enumerate(source.lines(), 1):
        row = Row("", source.lang, line)
        problem = undecoded(line)
        yield (number, row) if problem is None else Defect(number, "not-utf8", problem, row)
