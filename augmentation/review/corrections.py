"""Answers of people checked against the queue that they were asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from augmentation.review.answers import Answer, BadRecordError, MarkedSpan, read_json
from augmentation.review.formats import tool_of
from augmentation.review.queue import Queue, QueueItem
from corpora.checks import check_row
from corpora.choices import OffsetUnit
from corpora.errors import UserError
from corpora.records import Row, Span
from corpora.text.graphemes import is_boundary
from corpora.text.units import CodePoints
from corpora.text.words import trim

GOLD = "gold"
"""The key in the `meta` of a row that a person saw, and the projector of its spans."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person made of a row of the queue."""

    item: QueueItem
    row: Row | None
    """The row as it should be; None where it should not be in the data."""

    @property
    def edited(self) -> bool:
        """Whether a text was changed."""
        old = self.item.row
        return self.row is not None and (self.row.text, self.row.text_pair, self.row.target) != (
            old.text,
            old.text_pair,
            old.target,
        )

    @property
    def relabelled(self) -> bool:
        """Whether a label or a span was changed. Spans that moved with the text were not, and of a
        text that was written anew only the labels of its spans count."""
        if self.row is None:
            return False
        moved = moved_spans(self.item.row.text, self.row.text, self.item.row.spans)
        if None in moved:
            labels = [sorted(s.label for s in row.spans) for row in (self.item.row, self.row)]
            return labels[0] != labels[1] or self.row.label != self.item.row.label
        before = {span and (span.start, span.end, span.label) for span in moved}
        after = {(span.start, span.end, span.label) for span in self.row.spans}
        return before != after or self.row.label != self.item.row.label

    @property
    def is_error(self) -> bool:
        """Whether the row was wrong in any way."""
        return self.row is None or self.edited or self.relabelled


def read_corrections(paths: Sequence[Path], queue: Queue) -> list[Correction]:
    """What people decided of the rows of `queue`, by the exports `paths`, of any tool.

    Rows that nobody looked at are left out. Raises `UserError` with file and row for what does not
    fit: a row that is not in the queue, or twice, a span outside of its text, an unknown label.
    """
    items = {item.row.id: item for item in queue.items}
    seen: dict[str, str] = {}
    corrections = []
    for path in paths:
        file = read_json(path)
        tool = tool_of(file)
        for number, record in file.records:
            try:
                answer = tool.answer(number, record)
                if answer is None:
                    continue
                if answer.id not in items:
                    raise BadRecordError(
                        f"{answer.id!r} is not in the queue: it was exported with other options "
                        "or of another run"
                    )
                if answer.id in seen:
                    raise BadRecordError(f"{answer.id!r} was there already, in {seen[answer.id]}")
                seen[answer.id] = f"{path}, row {number}"
                corrections.append(_checked(answer, items[answer.id], queue, tool.unit))
            except BadRecordError as error:
                raise UserError(str(error), file=path, row=number) from error
    return corrections


def _checked(answer: Answer, item: QueueItem, queue: Queue, unit: OffsetUnit) -> Correction:
    if answer.drop:
        return Correction(item, None)
    old = item.row
    new = replace(old, **_texts(answer, old))
    label = old.label if answer.label is None else answer.label
    if label != old.label and label not in queue.labels:
        raise BadRecordError(f"no row has the label {label!r}, but {', '.join(queue.labels)}")
    spans: Sequence[Span | None] = old.spans
    if answer.spans is not None:
        base = old.text if answer.spans_in_old_text else new.text
        spans = [_span(marked, base, unit, queue) for marked in answer.spans]
    if answer.spans is None or answer.spans_in_old_text:
        spans = _moved(old.text, new.text, [span for span in spans if span is not None])
    placed = [replace(s, projector=GOLD, confidence=1.0) for s in spans if s is not None]
    if queue.task != "qa":
        placed.sort(key=lambda span: (span.start, span.end))
    new = replace(new, label=label, spans=tuple(placed), tokens=None)
    problem = check_row(new, queue.task)
    if problem is not None:
        raise BadRecordError(problem)
    correction = Correction(item, new)
    mark = "corrected" if correction.is_error else "accepted"
    mark = "rescued" if item.drawn == "dropped" else mark
    return Correction(item, replace(new, meta={**new.meta, GOLD: mark}))


def _texts(answer: Answer, old: Row) -> dict[str, Any]:
    """The texts that `answer` gives the row `old`, by field."""
    texts = {}
    for field, text in answer.texts.items():
        if getattr(old, field) is not None:
            if not text.strip():
                raise BadRecordError(f"the {field} is empty; to take the row out, drop it")
            texts[field] = text
        elif text:
            raise BadRecordError(f"the row has no {field}")
    return texts


def _span(marked: MarkedSpan, text: str, unit: OffsetUnit, queue: Queue) -> Span:
    convert = CodePoints(text, unit)
    start, end = convert.offset(marked.start), convert.offset(marked.end)
    where = f"span {marked.start}:{marked.end} ({marked.label})"
    if not 0 <= start < end <= len(text):
        raise BadRecordError(f"{where} is empty or outside of the text")
    if marked.text is not None and marked.text.split() != text[start:end].split():
        raise BadRecordError(f"{where} is {text[start:end]!r} and not {marked.text!r}")
    if marked.label not in queue.span_labels:
        labels = ", ".join(queue.span_labels)
        raise BadRecordError(f"{where}: no span has this label, but {labels}")
    trimmed = trim(text, start, end)
    if trimmed is None:
        raise BadRecordError(f"{where} is white space")
    return Span(*trimmed, marked.label)


def _moved(old: str, new: str, spans: Sequence[Span]) -> list[Span]:
    moved = []
    for span, at in zip(spans, moved_spans(old, new, spans), strict=True):
        if at is None:
            raise BadRecordError(
                f"the text was changed across an edge of the span {old[span.start : span.end]!r} "
                f"({span.label}), so that nobody knows where it is now: edit this row in the page "
                "of --for html, which shows it"
            )
        moved.append(at)
    return moved


def moved_spans(old: str, new: str, spans: Sequence[Span]) -> list[Span | None]:
    """The `spans` of the text `old` in `new`, to which it was changed.

    All that differs is taken for one change. A span before it, after it, or around all of it moves
    along; for another there is None.
    """
    if old == new:
        return list(spans)
    most = min(len(old), len(new))
    head = next((i for i in range(most) if old[i] != new[i]), most)
    most -= head
    tail = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    shift, end = len(new) - len(old), len(old) - tail
    moved: list[Span | None] = []
    for span in spans:
        if span.end <= head:
            at = span.start, span.end
        elif span.start >= end:
            at = span.start + shift, span.end + shift
        elif span.start <= head and end <= span.end and span.end + shift > span.start:
            at = span.start, span.end + shift
        else:
            moved.append(None)
            continue
        fits = all(is_boundary(new, offset) for offset in at)
        moved.append(replace(span, start=at[0], end=at[1]) if fits else None)
    return moved
