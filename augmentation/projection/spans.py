"""The spans of rows onto their translations; where that fails, onto the next best translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alignment.protocol import Projection, ProjectionInput, SpanProjector
from augmentation.translation.reassembly import Reassembly
from augmentation.translation.segments import KEY_TYPE, segment_key
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.table import Translations, translation_batch
from corpora.checks import Task
from corpora.records import Span
from translators.protocol import Hypothesis

Alternatives = Callable[[Sequence[str]], Sequence[Sequence[Hypothesis]]]
"""Gives further translations of every text, next best first; some texts may have none."""


@dataclass(frozen=True, slots=True)
class ProjectionContext:
    """What projecting the rows of a run onto their translations has in common."""

    task: Task
    source: str
    target: str
    model: str
    """As provenance records it."""
    projector: SpanProjector | None
    drop_rows: bool
    """Whether a span that cannot be placed drops its row."""
    alternatives: Alternatives | None = None
    """Gives further translations where a span cannot be placed; None to do without."""

    @classmethod
    def of(cls, translation: TranslationSetup, target: str) -> ProjectionContext:
        """The context of rows that `translation` translates to `target`."""
        projection = translation.config.projection
        return cls(
            translation.task,
            translation.source,
            target,
            translation.models.name,
            translation.span_projector(),
            projection.unplaced == "drop-row",
            partial(translation.alternatives, target=target) if projection.alternatives else None,
        )


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows, their segments in order (`SEGMENT_SCHEMA`), and the number of each segment's
    translation in `translations`."""

    batch: pa.RecordBatch
    segments: pa.Table
    translations: Translations
    which: NDArray[np.int64]

    def places(self) -> list[tuple[int, int, int, int, int]]:
        """(row, field, start, end, translation) of every segment."""
        columns = [
            self.segments.column(name).to_pylist() for name in ("row", "field", "start", "end")
        ]
        return list(zip(*columns, self.which.tolist(), strict=True))


def join_shard(
    shard: Shard, spans: Sequence[tuple[Span, ...]], context: ProjectionContext
) -> Reassembly:
    """The translated texts of every row."""
    reassembly = Reassembly(shard.batch, context.source, context.target)
    for row, number, start, end, one in shard.places():
        aligned = number == 0 and bool(spans[row])
        reassembly.add(row, number, start, end, shard.translations, one, aligned)
    reassembly.finish()
    return reassembly


def project_spans(
    spans: Sequence[tuple[Span, ...]],
    reassembly: Reassembly,
    context: ProjectionContext,
    beside: Sequence[ProjectionInput] = (),
) -> list[Projection | None]:
    """What became of the spans of each row; None where it has none.

    A projector that learns from the rows of a call learns from those in `beside` too.
    """
    found: list[Projection | None] = [None] * len(spans)
    if context.projector is None:
        return found
    inputs, asked = _projection_inputs(spans, reassembly, context)
    projections = context.projector.project([*inputs, *beside])
    for row, number in asked:
        before, projection = found[row], projections[number]
        if before is not None:
            projection = Projection(
                before.placed + projection.placed, before.reasons + projection.reasons
            )
        found[row] = projection
    return found


def _projection_inputs(
    spans: Sequence[tuple[Span, ...]], reassembly: Reassembly, context: ProjectionContext
) -> tuple[list[ProjectionInput], list[tuple[int, int]]]:
    """What to project, each once, and (row, number of the input) of everything that is asked."""
    # Alternative answers to a question may overlap, so each is placed by itself.
    apart = context.task == "qa"
    inputs: list[ProjectionInput] = []
    numbers: dict[tuple[str | None, str | None, tuple[Span, ...]], int] = {}
    asked: list[tuple[int, int]] = []
    texts = reassembly.fields[0]
    for row, own in enumerate(spans):
        for group in [(one,) for one in own] if apart else [own] if own else []:
            # Rows that say the same are as many in some data sets as those that do not.
            key = (texts.source[row], texts.target[row], group)
            number = numbers.setdefault(key, len(inputs))
            if number == len(inputs):
                inputs.append(_projection_input(row, group, reassembly, context))
            asked.append((row, number))
    return inputs, asked


def _projection_input(
    row: int, spans: tuple[Span, ...], reassembly: Reassembly, context: ProjectionContext
) -> ProjectionInput:
    return ProjectionInput(
        reassembly.fields[0].source[row] or "",
        spans,
        reassembly.fields[0].target[row] or "",
        tuple(reassembly.segments.get(row, ())),
        context.source,
        context.target,
    )


def try_alternatives(
    shard: Shard,
    spans: Sequence[tuple[Span, ...]],
    reassembly: Reassembly,
    projections: list[Projection | None],
    context: ProjectionContext,
) -> int:
    """Translate otherwise what holds a span that could not be placed.

    Of each row that failed, the sentences with such spans get their next best translations, and
    the row takes the first in which all of its spans can be placed, or else the one with most. Its
    texts in `reassembly` and its place in `projections` change; gives the number of such rows.
    """
    failed = [
        row
        for row, one in enumerate(projections)
        if one is not None and any(one.reasons) and _is_sound(reassembly, row)
    ]
    if not failed or context.alternatives is None:
        return 0
    rows, other = _alternatives_of(failed, shard, spans, projections, context)
    beside: list[ProjectionInput] = []
    if getattr(context.projector, "learns", False):
        left_out = set(failed)
        others = [() if row in left_out else own for row, own in enumerate(spans)]
        beside = _projection_inputs(others, reassembly, context)[0]
    taken = set()
    found = project_spans([spans[row] for row in rows], other, context, beside) if rows else []
    for number, (row, one) in enumerate(zip(rows, found, strict=True)):
        if _placed(one) > _placed(projections[row]) and _is_sound(other, number):
            projections[row] = one
            reassembly.take(row, other, number)
            taken.add(row)
    return len(taken)


def _alternatives_of(
    failed: Sequence[int],
    shard: Shard,
    spans: Sequence[tuple[Span, ...]],
    projections: Sequence[Projection | None],
    context: ProjectionContext,
) -> tuple[list[int], Reassembly]:
    """The failed rows, each as often as it has other translations, and those translations."""
    own: dict[int, list[tuple[int, int, int, int]]] = {row: [] for row in failed}
    for row, *place in shard.places():
        if row in own:
            own[row].append(tuple(place))  # type: ignore[arg-type]
    texts = dict(zip(failed, _texts(shard.batch, failed), strict=True))
    wanted: dict[tuple[int, int, int], str] = {}
    for row in failed:
        lost = _unplaced(spans[row], projections[row])
        for number, start, end, _ in own[row]:
            if number == 0 and any(span.start < end and start < span.end for span in lost):
                wanted[row, start, end] = texts[row][start:end]
    distinct = list(dict.fromkeys(wanted.values()))
    asked = context.alternatives(distinct) if context.alternatives is not None else ()
    others = dict(zip(distinct, asked, strict=True))
    flat = [(text, one) for text, several in others.items() for one in several]
    first = {text: number for number, (text, _) in reversed(list(enumerate(flat)))}
    table = Translations(_table(flat))
    most = dict.fromkeys(failed, 0)
    for (row, _, _), text in wanted.items():
        most[row] = max(most[row], len(others[text]))
    tries = [(row, rank) for row, count in most.items() for rank in range(count)]
    reassembly = Reassembly(
        shard.batch.take(pa.array([row for row, _ in tries], pa.int64())),
        context.source,
        context.target,
    )
    for number, (row, rank) in enumerate(tries):
        for field, start, end, which in own[row]:
            text = wanted.get((row, start, end), "") if field == 0 else ""
            if rank < len(others.get(text, ())):
                reassembly.add(number, field, start, end, table, first[text] + rank, True)
            else:
                reassembly.add(number, field, start, end, shard.translations, which, field == 0)
    reassembly.finish()
    return [row for row, _ in tries], reassembly


def _table(translated: Sequence[tuple[str, Hypothesis]]) -> pa.Table:
    keys = pa.array([segment_key(text, "") for text, _ in translated], KEY_TYPE)
    texts = pa.array([text for text, _ in translated], pa.string())
    return pa.Table.from_batches([translation_batch(keys, texts, [one for _, one in translated])])


def _texts(batch: pa.RecordBatch, rows: Sequence[int]) -> list[str]:
    return [text or "" for text in batch.column("text").take(pa.array(rows)).to_pylist()]


def _unplaced(spans: Sequence[Span], projection: Projection | None) -> list[Span]:
    placed = () if projection is None else projection.placed
    return [span for span, found in zip(spans, placed, strict=True) if found is None]


def _placed(projection: Projection | None) -> int:
    return 0 if projection is None else sum(span is not None for span in projection.placed)


def _is_sound(reassembly: Reassembly, row: int) -> bool:
    return not reassembly.flags[row][0] and not reassembly.lost_text(row)
