"""Rows joined with their segments' translations: reassembled, spans projected, columns made.

Whole columns are passed on as they are; only the translated texts and the placed spans pass
through Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from alignment.protocol import Projection
from alignment.rows import loses_row
from augmentation.projection.spans import (
    ProjectionContext,
    Shard,
    project_spans,
    reassemble_shard,
    try_alternatives,
)
from augmentation.translation.reassembly import RowReassembly
from augmentation.translation.segments import FIELDS
from augmentation.translation.table import Translations
from corpora.records import Span
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA, SPAN_TYPE

UNPLACED_REASON = "unplaced-span"
METHOD = "translate-train"


@dataclass(slots=True)
class Outcome:
    """Rows kept and dropped, and how many of their spans were projected or lost, by label."""

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    spans: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By label and reason."""
    unplaced: dict[str, Counter[str]] = field(default_factory=dict)
    """Spans that kept rows lost: source id to the labels of the spans that could not be placed."""
    retranslated: int = 0
    """Rows with another translation than the best, in which more of their spans could be placed."""


def project_rows(
    batch: pa.RecordBatch,
    segments: pa.Table,
    translations: Translations,
    numbers: NDArray[np.int64],
    context: ProjectionContext,
) -> Outcome:
    """The rows of `batch` in the target language of `context`.

    `segments` are theirs, in order (`SEGMENT_SCHEMA`), `numbers` the number of each in
    `translations`. Every row is kept or dropped, with a reason.
    """
    spans = _read_spans(batch) if context.projector is not None else [()] * batch.num_rows
    shard = Shard(batch, segments, translations, numbers)
    reassembly = reassemble_shard(shard, spans, context)
    projections = project_spans(spans, reassembly, context)
    retranslated = try_alternatives(shard, spans, reassembly, projections, context)
    outcome = _outcome(batch, reassembly, spans, projections, context)
    outcome.retranslated = retranslated
    return outcome


def _read_spans(batch: pa.RecordBatch) -> list[tuple[Span, ...]]:
    column = batch.column("spans")
    offsets = column.offsets.to_pylist()
    fields = [column.values.field(name).to_pylist() for name in ("start", "end", "label")]
    spans = [Span(*values) for values in zip(*fields, strict=True)]
    return [tuple(spans[start:end]) for start, end in pairwise(offsets)]


def _outcome(
    batch: pa.RecordBatch,
    reassembly: RowReassembly,
    spans: Sequence[tuple[Span, ...]],
    projections: Sequence[Projection | None],
    context: ProjectionContext,
) -> Outcome:
    count = batch.num_rows
    reasons, details = [""] * count, [""] * count
    outcome = Outcome(batch, batch)
    for row, projection in enumerate(projections):
        flag = reassembly.flag(row)
        if flag is not None:
            reasons[row], details[row] = flag
        elif projection is not None and loses_row(
            projection, drop_rows=context.drop_rows, alternatives=context.task == "qa"
        ):
            reasons[row] = UNPLACED_REASON
            details[row] = _describe(reassembly.source(row), spans[row], projection)
        if projection is not None:
            _count(outcome, spans[row], projection, reasons[row])
            if not reasons[row] and any(projection.reasons):
                pairs = zip(spans[row], projection.placed, strict=True)
                labels = Counter(span.label for span, placed in pairs if placed is None)
                outcome.unplaced[batch.column("id")[row].as_py()] = labels
    table = _columns(batch, reassembly, projections, context)
    keep = pa.array([not reason for reason in reasons], pa.bool_())
    outcome.kept = table.filter(keep)
    outcome.dropped = pa.RecordBatch.from_arrays(
        [*table.columns, pa.array(reasons, pa.string()), pa.array(details, pa.string())],
        schema=DROPPED_SCHEMA,
    ).filter(pc.invert(keep))
    return outcome


def _count(
    outcome: Outcome, spans: Sequence[Span], projection: Projection, row_reason: str
) -> None:
    for span, placed, reason in zip(spans, projection.placed, projection.reasons, strict=True):
        outcome.spans[span.label] += 1
        if row_reason and (placed is not None or row_reason != UNPLACED_REASON):
            outcome.lost[span.label, row_dropped(row_reason)] += 1
        elif placed is None:
            outcome.lost[span.label, reason] += 1
        else:
            outcome.placed[span.label] += 1


def row_dropped(reason: str) -> str:
    """The reason that a span is lost whose row was dropped for `reason`."""
    return f"row dropped: {reason}"


def _describe(text: str, spans: Sequence[Span], projection: Projection) -> str:
    lost = [
        f"{text[span.start : span.end]!r} ({span.label}): {reason}"
        for span, placed, reason in zip(spans, projection.placed, projection.reasons, strict=True)
        if placed is None
    ]
    return ", ".join(lost)


def _columns(
    batch: pa.RecordBatch,
    reassembly: RowReassembly,
    projections: Sequence[Projection | None],
    context: ProjectionContext,
) -> pa.RecordBatch:
    count = batch.num_rows
    scores = [reassembly.score(row) for row in range(count)]
    columns = {
        "id": pc.binary_join_element_wise(batch.column("id"), pa.scalar(context.target), "-"),
        "lang": _constant(context.target, count),
        "spans": _span_column(
            [
                () if p is None else _unique(p.answers() if context.task == "qa" else p.spans())
                for p in projections
            ]
        ),
        "tokens": pa.nulls(count, ROW_SCHEMA.field("tokens").type),
        "source_id": batch.column("id"),
        "source_lang": batch.column("lang"),
        "source_text": batch.column("text"),
        "source_text_pair": batch.column("text_pair"),
        "source_spans": batch.column("spans"),
        "method": _constant(METHOD, count),
        "model": _constant(context.model, count),
        "translation_score": pa.array(scores, pa.float64()),
        "scores": pa.nulls(count, ROW_SCHEMA.field("scores").type),
    }
    for number, name in enumerate(FIELDS):
        columns[name] = pa.array(reassembly.targets(number), pa.string())
    for name in ROW_SCHEMA.names:
        columns.setdefault(name, batch.column(name))
    return pa.RecordBatch.from_arrays([columns[n] for n in ROW_SCHEMA.names], schema=ROW_SCHEMA)


def _unique(spans: Sequence[Span]) -> Sequence[Span]:
    """Without repetitions: two answers to a question may be projected onto the same words."""
    if len(spans) < 2:
        return spans
    return list({(span.start, span.end, span.label): span for span in spans}.values())


def _constant(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)


def _span_column(values: Sequence[Sequence[Span]]) -> pa.ListArray:
    spans = [span for row_spans in values for span in row_spans]
    children: list[Any] = [
        pa.array([span.start for span in spans], pa.int32()),
        pa.array([span.end for span in spans], pa.int32()),
        pa.array([span.label for span in spans], pa.string()),
        pa.array([span.projector for span in spans], pa.string()),
        pa.array([span.confidence for span in spans], pa.float64()),
    ]
    offsets = pa.array(list(accumulate(map(len, values), initial=0)), pa.int32())
    items = pa.StructArray.from_arrays(children, fields=list(SPAN_TYPE))
    return pa.ListArray.from_arrays(offsets, items, type=pa.list_(SPAN_TYPE))
