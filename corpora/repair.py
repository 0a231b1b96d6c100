"""Repairs of rows that break an invariant (`corpora.checks`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from corpora.choices import Task
from corpora.records import Row
from corpora.surrogates import row_without_surrogates, surrogate_field
from corpora.text.graphemes import widen_to_graphemes


def repair_row(row: Row, task: Task | None = None) -> tuple[Row, Counter[str]]:
    """`row` with the repairs that can be made, and how often each kind was made.

    Half surrogate pairs become U+FFFD, spans are widened to whole grapheme clusters, and empty
    spans go. The rest is left for `find_problem`. With `task` `qa` a question whose answers are all
    empty keeps them: without them it would count as unanswerable.
    """
    repairs: Counter[str] = Counter()
    if surrogate_field(row) is not None:
        row = row_without_surrogates(row)
        repairs["lone-surrogate"] += 1
    length = len(row.text)
    if any(not 0 <= s.start <= s.end <= length for s in row.spans):
        return row, repairs
    spans = [s for s in row.spans if s.start < s.end]
    if task == "qa" and row.spans and not spans:
        return row, +repairs
    repairs["empty-span"] += len(row.spans) - len(spans)
    for number, span in enumerate(spans):
        widened = widen_to_graphemes(row.text, span.start, span.end)
        if widened != (span.start, span.end):
            spans[number] = replace(span, start=widened[0], end=widened[1])
            repairs["split-grapheme"] += 1
    return (replace(row, spans=tuple(spans)) if repairs.total() else row), +repairs
