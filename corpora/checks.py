"""The invariants of a row, and the first one that a row breaks.

Offsets count code points, are half-open and within the text, and never cut a grapheme cluster (what
a reader sees as one character; Unicode Standard Annex 29) in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from corpora.choices import Task
from corpora.records import Provenance, Row
from corpora.splits import split_name
from corpora.surrogates import surrogate_field
from corpora.text.graphemes import is_boundary


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: a short machine-readable `reason`, and a `detail` for people."""

    reason: str
    detail: str


def check_row(row: Row, task: Task | None = None) -> str | None:
    """What is wrong with `row` for `task`, in words; None if nothing is. See `find_problem`."""
    problem = find_problem(row, task)
    return None if problem is None else problem.detail


def find_problem(row: Row, task: Task | None = None) -> Problem | None:
    """The first breach of the invariants of `row`, or None.

    Spans may overlap: entities are nested, and annotators mark the same answer differently. `task`
    says what a row must have.
    """
    text = row.text
    if not text or text.isspace():
        return Problem("empty-text", "the text is empty")
    if task in ("pair", "qa") and not (row.text_pair or "").strip():
        return Problem("empty-text", "the second text is empty")
    if (name := surrogate_field(row)) is not None:
        return Problem("lone-surrogate", f"{name} has half of a surrogate pair")
    if row.split is not None and split_name(row.split) is None:
        return Problem("bad-split", f"a data set can have no split {row.split!r}")
    if (problem := _label_problem(row)) is not None:
        return problem
    if row.spans and (problem := _span_problem(row)) is not None:
        return problem
    if row.tokens is not None and not _ordered(row.tokens, len(text)):
        return Problem("bad-tokens", "token offsets are not in order and inside the text")
    return None if row.provenance is None else _source_problem(row.provenance)


def _label_problem(row: Row) -> Problem | None:
    if row.labels is not None and ("" in row.labels or len(set(row.labels)) < len(row.labels)):
        return Problem("bad-label", f"a label is empty or occurs twice: {list(row.labels)}")
    if row.value is not None and not isfinite(row.value):
        return Problem("bad-value", f"the value is no finite number: {row.value}")
    return None


def _source_problem(provenance: Provenance) -> Problem | None:
    length = len(provenance.source_text)
    for span in provenance.source_spans:
        if not 0 <= span.start <= span.end <= length:
            return Problem(
                "offset-out-of-range",
                f"source span {span.start}:{span.end} ({span.label}) is outside the source text "
                f"of {length} characters",
            )
    return None


def _span_problem(row: Row) -> Problem | None:
    text = row.text
    for span in row.spans:
        where = f"span {span.start}:{span.end} ({span.label})"
        if span.start < 0 or span.end > len(text):
            return Problem(
                "offset-out-of-range", f"{where} is outside the text of {len(text)} characters"
            )
        if span.start >= span.end:
            return Problem("empty-span", f"{where} is empty")
        if not span.label:
            return Problem("missing-label", f"{where} has no label")
        for offset in (span.start, span.end):
            if not is_boundary(text, offset):
                return Problem(
                    "split-grapheme", f"{where} cuts a character in two at offset {offset}"
                )
    return None


def _ordered(tokens: Sequence[tuple[int, int]], length: int) -> bool:
    last = 0
    for start, end in tokens:
        if start < last or end <= start:
            return False
        last = end
    return last <= length
