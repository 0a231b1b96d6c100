"""The spans of rows projected onto their translations; where that fails, onto the next best
translations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from alignment.projectors.corrected import CorrectedProjector
from alignment.protocol import Projection, ProjectionInput, SpanProjector
from alignment.rows import separate_inputs
from augmentation.translation.reassembly import RowReassembly
from augmentation.translation.segments import KEY_TYPE, segment_key
from augmentation.translation.setup import TranslationSetup
from augmentation.translation.table import Translations, translation_batch
from corpora.choices import Task
from corpora.records import Span
from translators.protection.stretches import Stretches, as_pairs
from translators.protocol import Hypothesis

Alternatives = Callable[[Sequence[str], Sequence[Stretches]], Sequence[Sequence[Hypothesis]]]
"""Gives further translations of every text, in which stretches are kept as they are, next best
first; some texts may have none."""
Spans = Sequence[tuple[Span, ...]]
"""The spans of each row."""


@dataclass(frozen=True, slots=True)
class ProjectionContext:
    """What projecting all rows of a run onto their translations needs."""

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
        projector = translation.span_projector()
        phrases = translation.human(target).phrases
        if projector is not None and phrases:
            projector = CorrectedProjector(projector, phrases)
        return cls(
            translation.task,
            translation.source,
            target,
            translation.models.name,
            projector,
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
    numbers: NDArray[np.int64]

    def protected(self) -> dict[tuple[int, int, int], tuple[tuple[int, int], ...]]:
        """By row, start and end of a segment of the field `text`, what is protected in it."""
        column = self.segments.column("protected")
        if column.null_count == len(column):
            return {}
        keys = zip(
            *(self.segments.column(name).to_pylist() for name in ("row", "start", "end")),
            strict=True,
        )
        pairs = zip(keys, column.to_pylist(), strict=True)
        return {key: as_pairs(offsets) for key, offsets in pairs if offsets}

    def segment_rows(self) -> list[tuple[int, int, int, int, int]]:
        """(row, field, start, end, number of the translation) of every segment."""
        columns = [
            self.segments.column(name).to_pylist() for name in ("row", "field", "start", "end")
        ]
        return list(zip(*columns, self.numbers.tolist(), strict=True))


def reassemble_shard(shard: Shard, spans: Spans, context: ProjectionContext) -> RowReassembly:
    """The translated texts of every row of `shard`; rows with `spans` keep their alignments.

    `context` has the languages.
    """
    reassembly = RowReassembly(shard.batch, context.source, context.target)
    for row, field, start, end, number in shard.segment_rows():
        aligned = field == 0 and bool(spans[row])
        reassembly.add(row, field, start, end, shard.translations, number, aligned)
    reassembly.finish()
    return reassembly


def project_spans(
    spans: Spans,
    reassembly: RowReassembly,
    context: ProjectionContext,
    further: Sequence[ProjectionInput] = (),
) -> list[Projection | None]:
    """The projections of the `spans` of each row of `reassembly`; None where a row has none.

    A projector (that of `context`) that learns from the rows of a call learns from those in
    `further` too.
    """
    projections: list[Projection | None] = [None] * len(spans)
    if context.projector is None:
        return projections
    inputs, requests = _projection_inputs(spans, reassembly, context)
    results = context.projector.project([*inputs, *further])
    for row, number in requests:
        earlier, projection = projections[row], results[number]
        if earlier is not None:
            projection = Projection(
                earlier.placed + projection.placed, earlier.reasons + projection.reasons
            )
        projections[row] = projection
    return projections


def _projection_inputs(
    spans: Spans, reassembly: RowReassembly, context: ProjectionContext
) -> tuple[list[ProjectionInput], list[tuple[int, int]]]:
    """What to project, each once, and (row, number of the input) of all that is to be projected."""
    alternatives = context.task == "qa"
    inputs: list[ProjectionInput] = []
    numbers: dict[tuple[str, str, tuple[Span, ...]], int] = {}
    requests: list[tuple[int, int]] = []
    for row, row_spans in enumerate(spans):
        if not row_spans:
            continue
        for projected in separate_inputs(row_spans, alternatives=alternatives):
            # Some data sets repeat half of their rows.
            source, target = reassembly.source(row), reassembly.target(row)
            number = numbers.setdefault((source, target, projected), len(inputs))
            if number == len(inputs):
                segments = reassembly.segments(row)
                inputs.append(
                    ProjectionInput(
                        source, projected, target, segments, context.source, context.target
                    )
                )
            requests.append((row, number))
    return inputs, requests


def try_alternatives(
    shard: Shard,
    spans: Spans,
    reassembly: RowReassembly,
    projections: list[Projection | None],
    context: ProjectionContext,
) -> int:
    """Try further translations where a span could not be placed; returns how many rows changed.

    Of each row of `shard` whose `spans` are not all placed in `projections`, the sentences with
    such spans get their next best translations (`context.alternatives`), and the row takes the
    first in which all of its spans can be placed, or else the one with most. Its texts in
    `reassembly` and its projection in `projections` change.
    """
    failed = [
        row
        for row, projection in enumerate(projections)
        if projection is not None and any(projection.reasons) and reassembly.flag(row) is None
    ]
    if not failed or context.alternatives is None:
        return 0
    lost = {row: _unplaced(spans[row], projections[row]) for row in failed}
    rows, other = _retranslate(lost, shard, context.alternatives, context)
    if not rows:
        return 0
    further: list[ProjectionInput] = []
    if getattr(context.projector, "learns", False):
        others = [() if row in lost else row_spans for row, row_spans in enumerate(spans)]
        further = _projection_inputs(others, reassembly, context)[0]
    new_projections = project_spans([spans[row] for row in rows], other, context, further)
    changed = set()
    for number, (row, projection) in enumerate(zip(rows, new_projections, strict=True)):
        better = _placed(projection) > _placed(projections[row])
        if better and other.flag(number) is None:
            projections[row] = projection
            reassembly.replace(row, other, number)
            changed.add(row)
    return len(changed)


def _retranslate(
    lost: dict[int, list[Span]],
    shard: Shard,
    alternatives: Alternatives,
    context: ProjectionContext,
) -> tuple[list[int], RowReassembly]:
    """The rows with lost spans, each once per other translation, and these translations."""
    segments: dict[int, list[tuple[int, int, int, int]]] = {row: [] for row in lost}
    for row, field, start, end, number in shard.segment_rows():
        if row in segments:
            segments[row].append((field, start, end, number))
    column = shard.batch.column("text").take(pa.array(list(lost)))
    texts = dict(zip(lost, column.to_pylist(), strict=True))
    protected = shard.protected()
    sentences = {
        (row, start, end): (texts[row][start:end], protected.get((row, start, end), ()))
        for row, row_segments in segments.items()
        for field, start, end, _ in row_segments
        if field == 0 and any(span.start < end and start < span.end for span in lost[row])
    }
    further = _Alternatives.of(list(dict.fromkeys(sentences.values())), alternatives)
    most = dict.fromkeys(lost, 0)
    for (row, _, _), sentence in sentences.items():
        most[row] = max(most[row], further.counts[sentence])
    tries = [(row, rank) for row, count in most.items() for rank in range(count)]
    rows = pa.array([row for row, _ in tries], pa.int64())
    reassembly = RowReassembly(shard.batch.take(rows), context.source, context.target)
    for number, (row, rank) in enumerate(tries):
        for field, start, end, best in segments[row]:
            sentence = sentences.get((row, start, end), _NOTHING) if field == 0 else _NOTHING
            translations, chosen = shard.translations, best
            if rank < further.counts.get(sentence, 0):
                translations, chosen = further.translations, further.first[sentence] + rank
            reassembly.add(number, field, start, end, translations, chosen, field == 0)
    reassembly.finish()
    return [row for row, _ in tries], reassembly


_Sentence = tuple[str, tuple[tuple[int, int], ...]]
"""A sentence and what is protected in it."""
_NOTHING: _Sentence = ("", ())


@dataclass(frozen=True, slots=True)
class _Alternatives:
    """The further translations of some sentences."""

    translations: Translations
    first: dict[_Sentence, int]
    """Number of the first further translation of each sentence that has one."""
    counts: dict[_Sentence, int]
    """How many each sentence has."""

    @classmethod
    def of(cls, sentences: Sequence[_Sentence], alternatives: Alternatives) -> _Alternatives:
        n_best_lists = alternatives(
            [text for text, _ in sentences], [kept for _, kept in sentences]
        )
        hypotheses = dict(zip(sentences, n_best_lists, strict=True))
        flat = [(sentence, h) for sentence, n_best in hypotheses.items() for h in n_best]
        first: dict[_Sentence, int] = {}
        for number, (sentence, _) in enumerate(flat):
            first.setdefault(sentence, number)
        keys = pa.array([segment_key(sentence[0], "") for sentence, _ in flat], KEY_TYPE)
        texts = pa.array([sentence[0] for sentence, _ in flat], pa.string())
        batch = translation_batch(keys, texts, [hypothesis for _, hypothesis in flat])
        counts = {sentence: len(n_best) for sentence, n_best in hypotheses.items()}
        return cls(Translations(pa.Table.from_batches([batch])), first, counts)


def _unplaced(spans: Sequence[Span], projection: Projection | None) -> list[Span]:
    placed = () if projection is None else projection.placed
    return [span for span, target in zip(spans, placed, strict=True) if target is None]


def _placed(projection: Projection | None) -> int:
    return 0 if projection is None else sum(span is not None for span in projection.placed)
