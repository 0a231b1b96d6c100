"""Rows joined with their segments' translations: put together again, spans projected, columns made.

Whole columns are carried over as they are; only the translated texts and the placed spans pass
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

from alignment.protocol import Projection, ProjectionInput, SegmentAlignment, SpanProjector
from augmentation.segments import FIELDS
from augmentation.translations import Translations
from corpora.checks import Task
from corpora.records import Span
from corpora.schema import DROPPED_SCHEMA, ROW_SCHEMA, SPAN_TYPE

UNPLACED_REASON = "unplaced-span"
METHOD = "translate-train"
_UNSPACED = frozenset({"zh", "ja", "yue", "wuu", "lzh"})
"""Languages that put no space between sentences."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """What the rows of a run have in common on their way to the target language."""

    task: Task
    source: str
    target: str
    model: str
    """As provenance records it."""
    projector: SpanProjector | None
    drop_rows: bool
    """Whether a span that cannot be placed drops its row."""


@dataclass(slots=True)
class Outcome:
    """Rows kept and dropped, and what became of their spans by label."""

    kept: pa.RecordBatch
    dropped: pa.RecordBatch
    spans: Counter[str] = field(default_factory=Counter)
    placed: Counter[str] = field(default_factory=Counter)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By label and reason."""


@dataclass(slots=True)
class _Texts:
    """The translated texts of one field, row by row, and how they came about."""

    source: list[str | None]
    target: list[str | None]
    ends: list[int]
    """How far in the source each row has come."""


class _Rejoin:
    """Puts translations together again, with the white space that was between the sentences."""

    def __init__(self, batch: pa.RecordBatch, carrier: Carrier) -> None:
        self.fields = [
            _Texts(values, [None if v is None else "" for v in values], [0] * len(values))
            for values in (batch.column(name).to_pylist() for name in FIELDS)
        ]
        count = batch.num_rows
        self.scores = [0.0] * count
        self.pieces = [0] * count
        self.flags: list[tuple[str, str]] = [("", "")] * count
        self.segments: dict[int, list[SegmentAlignment]] = {}
        self._closes_up = carrier.target.split("-")[0] in _UNSPACED
        self._opens_up = carrier.source.split("-")[0] in _UNSPACED and not self._closes_up

    def add(
        self,
        row: int,
        number: int,
        start: int,
        end: int,
        translations: Translations,
        which: int,
        aligned: bool,
    ) -> None:
        """Append the translation `which` of `start:end` of field `number`."""
        texts = self.fields[number]
        before = texts.target[row] or ""
        translation = translations.translations[which]
        gap = texts.source[row][texts.ends[row] : start]  # type: ignore[index]
        if before:
            gap = self._gap(gap)
        at = len(before) + len(gap)
        texts.target[row] = before + gap + translation if at else translation
        texts.ends[row] = end
        length = max(1, translations.target_length(which))
        self.scores[row] += translations.scores[which] * length
        self.pieces[row] += length
        if translations.flags[which] and not self.flags[row][0]:
            flag = translations.flags[which].split(",")[0]
            self.flags[row] = (flag, f"{FIELDS[number]} {start}:{end}")
        if aligned:
            self.segments.setdefault(row, []).append(
                SegmentAlignment(
                    _shifted(translations.source_pieces(which), start),
                    _shifted(translations.target_pieces(which), at),
                    translations.attention(which),
                )
            )

    def _gap(self, gap: str) -> str:
        if self._closes_up and gap == " ":
            return ""
        return " " if self._opens_up and not gap else gap

    def lost_text(self, row: int) -> bool:
        """Whether a text of the row has come out blank."""
        return any(
            source is not None and target is not None and not target.strip() and source.strip()
            for source, target in ((f.source[row], f.target[row]) for f in self.fields)
        )

    def finish(self) -> None:
        """Append what follows the last sentence of each text."""
        for texts in self.fields:
            for row, (source, target, end) in enumerate(
                zip(texts.source, texts.target, texts.ends, strict=True)
            ):
                if source is not None and end < len(source):
                    texts.target[row] = (target or "") + source[end:]


def _shifted(flat: list[int], by: int) -> tuple[tuple[int, int], ...]:
    if by:
        flat = [offset + by for offset in flat]
    return tuple(zip(flat[0::2], flat[1::2], strict=True))


def carry_rows(
    batch: pa.RecordBatch,
    segments: pa.Table,
    translations: Translations,
    which: NDArray[np.int64],
    carrier: Carrier,
) -> Outcome:
    """The rows of `batch` in the target language.

    `segments` are theirs, in order (`SEGMENT_SCHEMA`), `which` the number of each in
    `translations`. Every row is kept or dropped, with a reason.
    """
    spans = _read_spans(batch) if carrier.projector is not None else [()] * batch.num_rows
    rejoin = _Rejoin(batch, carrier)
    for row, number, start, end, one in zip(
        *(segments.column(name).to_pylist() for name in ("row", "field", "start", "end")),
        which.tolist(),
        strict=True,
    ):
        aligned = number == 0 and bool(spans[row])
        rejoin.add(row, number, start, end, translations, one, aligned)
    rejoin.finish()
    projections = _project(spans, rejoin, carrier)
    return _outcome(batch, rejoin, spans, projections, carrier)


def _read_spans(batch: pa.RecordBatch) -> list[tuple[Span, ...]]:
    column = batch.column("spans")
    offsets = column.offsets.to_pylist()
    fields = [column.values.field(name).to_pylist() for name in ("start", "end", "label")]
    spans = [Span(*values) for values in zip(*fields, strict=True)]
    return [tuple(spans[start:end]) for start, end in pairwise(offsets)]


def _project(
    spans: Sequence[tuple[Span, ...]], rejoin: _Rejoin, carrier: Carrier
) -> list[Projection | None]:
    """What became of the spans of each row; None where it has none."""
    found: list[Projection | None] = [None] * len(spans)
    if carrier.projector is None:
        return found
    # Alternative answers to a question may overlap, so each is placed by itself.
    apart = carrier.task == "qa"
    inputs: list[ProjectionInput] = []
    numbers: dict[tuple[str | None, tuple[Span, ...]], int] = {}
    asked: list[tuple[int, int]] = []
    sources = rejoin.fields[0].source
    for row, own in enumerate(spans):
        for group in [(one,) for one in own] if apart else [own] if own else []:
            # Rows that say the same are as many in some data sets as those that do not.
            number = numbers.setdefault((sources[row], group), len(inputs))
            if number == len(inputs):
                inputs.append(_projection_input(row, group, rejoin, carrier))
            asked.append((row, number))
    projections = carrier.projector.project(inputs)
    for row, number in asked:
        before, projection = found[row], projections[number]
        if before is not None:
            projection = Projection(
                before.placed + projection.placed, before.reasons + projection.reasons
            )
        found[row] = projection
    return found


def _projection_input(
    row: int, spans: tuple[Span, ...], rejoin: _Rejoin, carrier: Carrier
) -> ProjectionInput:
    return ProjectionInput(
        rejoin.fields[0].source[row] or "",
        spans,
        rejoin.fields[0].target[row] or "",
        tuple(rejoin.segments.get(row, ())),
        carrier.source,
        carrier.target,
    )


def _outcome(
    batch: pa.RecordBatch,
    rejoin: _Rejoin,
    spans: Sequence[tuple[Span, ...]],
    projections: Sequence[Projection | None],
    carrier: Carrier,
) -> Outcome:
    count = batch.num_rows
    reasons, details = [""] * count, [""] * count
    outcome = Outcome(batch, batch)
    for row, (flag, projection) in enumerate(zip(rejoin.flags, projections, strict=True)):
        if flag[0]:
            reasons[row], details[row] = flag
        elif rejoin.lost_text(row):
            reasons[row] = "empty"
        elif projection is not None and _loses_row(projection, carrier):
            reasons[row] = UNPLACED_REASON
            details[row] = _describe(rejoin.fields[0].source[row] or "", spans[row], projection)
        if projection is not None:
            _count(outcome, spans[row], projection, reasons[row])
    table = _columns(batch, rejoin, projections, carrier)
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
            outcome.lost[span.label, f"row dropped: {row_reason}"] += 1
        elif placed is None:
            outcome.lost[span.label, reason] += 1
        else:
            outcome.placed[span.label] += 1


def _loses_row(projection: Projection, carrier: Carrier) -> bool:
    if carrier.task == "qa":
        # One answer is enough; with none left the question would seem to be unanswerable.
        return all(span is None for span in projection.placed)
    return carrier.drop_rows and any(span is None for span in projection.placed)


def _describe(text: str, spans: Sequence[Span], projection: Projection) -> str:
    lost = [
        f"{text[span.start : span.end]!r} ({span.label}): {reason}"
        for span, placed, reason in zip(spans, projection.placed, projection.reasons, strict=True)
        if placed is None
    ]
    return ", ".join(lost)


def _columns(
    batch: pa.RecordBatch,
    rejoin: _Rejoin,
    projections: Sequence[Projection | None],
    carrier: Carrier,
) -> pa.RecordBatch:
    count = batch.num_rows
    scores = [
        total / pieces if pieces else None
        for total, pieces in zip(rejoin.scores, rejoin.pieces, strict=True)
    ]
    columns = {
        "id": pc.binary_join_element_wise(batch.column("id"), pa.scalar(carrier.target), "-"),
        "lang": _constant(carrier.target, count),
        "spans": _span_column([() if p is None else _distinct(p.spans()) for p in projections]),
        "tokens": pa.nulls(count, ROW_SCHEMA.field("tokens").type),
        "source_id": batch.column("id"),
        "source_lang": batch.column("lang"),
        "source_text": batch.column("text"),
        "source_text_pair": batch.column("text_pair"),
        "source_spans": batch.column("spans"),
        "method": _constant(METHOD, count),
        "model": _constant(carrier.model, count),
        "translation_score": pa.array(scores, pa.float64()),
        "scores": pa.nulls(count, ROW_SCHEMA.field("scores").type),
    }
    for name, texts in zip(FIELDS, rejoin.fields, strict=True):
        columns[name] = pa.array(texts.target, pa.string())
    for name in ROW_SCHEMA.names:
        columns.setdefault(name, batch.column(name))
    return pa.RecordBatch.from_arrays([columns[n] for n in ROW_SCHEMA.names], schema=ROW_SCHEMA)


def _distinct(spans: Sequence[Span]) -> Sequence[Span]:
    """Answers to one question may have come to lie on one another."""
    if len(spans) < 2:
        return spans
    return list({(span.start, span.end, span.label): span for span in spans}.values())


def _constant(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)


def _span_column(values: Sequence[Sequence[Span]]) -> pa.ListArray:
    spans = [span for own in values for span in own]
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
