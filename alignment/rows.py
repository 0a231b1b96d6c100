"""Labelled rows projected onto translations that exist already."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from alignment.protocol import Projection, ProjectionInput, SpanProjector, WordPair, Words
from alignment.words.tokens import space_tokens
from corpora.errors import UserError
from corpora.records import DroppedRow, Provenance, Row, Span

METHOD = "projection"
_FURTHER_TEXTS = {"text_pair": "second text", "target": "free-text target"}


def pair_up(sources: Sequence[Row], targets: Sequence[Row], file: str) -> list[tuple[Row, Row]]:
    """`sources` and `targets` by id, or, where no target id is a source's, in their order.

    Raises `UserError`, naming `file`, for a row without a partner, and for one whose partner lacks
    a text that it has: it would stay in the source language.
    """
    pairs = _partners(sources, targets, file)
    for source, target in pairs:
        for name, description in _FURTHER_TEXTS.items():
            if getattr(source, name) and not getattr(target, name):
                raise UserError(
                    f"no translation of the {description} of row '{source.id}': the "
                    f"translations must be rows that have `{name}` beside `text`",
                    file=file,
                )
    return pairs


def _partners(sources: Sequence[Row], targets: Sequence[Row], file: str) -> list[tuple[Row, Row]]:
    by_id = {row.id: row for row in targets}
    if any(row.id in by_id for row in sources):
        for row in sources:
            if row.id not in by_id:
                raise UserError(f"no translation with the id '{row.id}'", file=file)
        source_ids = {row.id for row in sources}
        for row in targets:
            if row.id not in source_ids:
                raise UserError(f"no source row with the id '{row.id}'", file=file, row=row.id)
        return [(row, by_id[row.id]) for row in sources]
    if len(sources) != len(targets):
        problem = f"{len(targets)} translations for {len(sources)} rows, and no ids in common"
        raise UserError(problem, file=file)
    return list(zip(sources, targets, strict=True))


def tokens_of(row: Row) -> tuple[tuple[int, int], ...]:
    """The tokens of `row`, or those between its white space: the ones that Pharaoh links count."""
    return row.tokens if row.tokens is not None else space_tokens(row.text)


def token_pair(source: Row, target: Row) -> WordPair:
    """The texts of `source` and `target` with their tokens."""
    return WordPair(Words(source.text, tokens_of(source)), Words(target.text, tokens_of(target)))


def as_input(source: Row, target: Row, spans: tuple[Span, ...]) -> ProjectionInput:
    """The input of a projector: the texts and languages of `source` and `target`, and `spans`."""
    return ProjectionInput(source.text, spans, target.text, (), source.lang, target.lang)


@dataclass(slots=True)
class Projected:
    """Rows in = `kept` + `dropped`; of `spans` source spans `placed` were placed."""

    kept: list[Row]
    dropped: list[DroppedRow]
    spans: int
    placed: int


def project_rows(
    pairs: Sequence[tuple[Row, Row]],
    inputs: Sequence[ProjectionInput],
    projector: SpanProjector,
    drop_rows: bool = True,
    overlapping: bool = False,
) -> Projected:
    """Project the spans of every source row onto its translation with `projector`.

    `inputs` are the (source, target) `pairs` as `as_input` gives them. `loses_row` says which rows
    are dropped, depending on `drop_rows`. `overlapping` says that spans are alternative answers to
    a question; these, and all spans of a row where some overlap, are placed each by itself.
    """
    parts: list[ProjectionInput] = []
    owners: list[int] = []
    for index, row_input in enumerate(inputs):
        groups = separate_inputs(row_input.spans, alternatives=overlapping)
        parts.extend(replace(row_input, spans=group) for group in groups)
        owners.extend([index] * len(groups))
    by_row: list[list[Projection]] = [[] for _ in inputs]
    for owner, projection in zip(owners, projector.project(parts), strict=True):
        by_row[owner].append(projection)
    result = Projected([], [], sum(len(row_input.spans) for row_input in inputs), 0)
    for (source, target), projections in zip(pairs, by_row, strict=True):
        projected = _joined([snap_to_tokens(part, target.tokens) for part in projections])
        spans = projected.answers() if overlapping else projected.spans()
        result.placed += len(spans)
        row = _labelled(source, target, spans)
        if loses_row(projected, drop_rows=drop_rows, alternatives=overlapping):
            result.dropped.append(DroppedRow(row, "unplaced-span", _detail(source, projected)))
        else:
            result.kept.append(row)
    return result


def separate_inputs(spans: tuple[Span, ...], *, alternatives: bool) -> list[tuple[Span, ...]]:
    """The `spans` of a row as they are placed: together, or, where some overlap or they are
    `alternatives`, each by itself, because projectors place disjoint spans."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    overlap = any(right.start < left.end for left, right in pairwise(ordered))
    return [(span,) for span in spans] if alternatives or overlap else [spans]


def loses_row(projection: Projection, *, drop_rows: bool, alternatives: bool) -> bool:
    """Whether a row is dropped for the spans of `projection` that could not be placed.

    One such span is enough where `drop_rows` says so. Of `alternatives`, the answers to a
    question, one that was placed is enough to stay; with none left the question would seem to be
    unanswerable, so the row is dropped in any case.
    """
    unplaced = [span is None for span in projection.placed]
    if alternatives:
        return bool(unplaced) and all(unplaced)
    return drop_rows and any(unplaced)


def _joined(projections: Sequence[Projection]) -> Projection:
    return Projection(
        tuple(span for projection in projections for span in projection.placed),
        tuple(reason for projection in projections for reason in projection.reasons),
    )


def _detail(source: Row, projection: Projection) -> str:
    return "; ".join(
        f"{span.label} '{source.text[span.start : span.end]}': {reason}"
        for span, reason in zip(source.spans, projection.reasons, strict=True)
        if reason
    )


def _labelled(source: Row, target: Row, spans: Sequence[Span]) -> Row:
    provenance = Provenance(
        source_id=source.id,
        source_lang=source.lang,
        source_text=source.text,
        method=METHOD,
        model="",
        source_text_pair=source.text_pair,
        source_spans=source.spans,
    )
    return replace(
        source,
        lang=target.lang,
        text=target.text,
        text_pair=target.text_pair,
        target=target.target,
        spans=tuple(dict.fromkeys(spans)),
        tokens=target.tokens,
        meta=MappingProxyType({**source.meta, **target.meta}),
        provenance=provenance,
    )


def snap_to_tokens(
    projection: Projection, tokens: tuple[tuple[int, int], ...] | None
) -> Projection:
    """`projection` with its spans grown to whole `tokens` (offsets in the target), if any.

    Spans do not grow into a token that two of them have a part of.
    """
    if tokens is None or not any(projection.placed):
        return projection
    firsts, lasts = [start for start, _ in tokens], [end for _, end in tokens]  # in order
    touched = [
        range(0)
        if span is None
        else range(bisect_right(lasts, span.start), bisect_left(firsts, span.end))
        for span in projection.placed
    ]
    members = Counter(token for inside in touched for token in inside)
    placed: list[Span | None] = []
    for span, inside in zip(projection.placed, touched, strict=True):
        whole = [token for token in inside if members[token] == 1]
        if span is not None and whole:
            start, end = min(span.start, firsts[whole[0]]), max(span.end, lasts[whole[-1]])
            span = replace(span, start=start, end=end)
        placed.append(span)
    return Projection(tuple(placed), projection.reasons)
