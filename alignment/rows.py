"""Labelled rows and translations that someone else made: projected into labelled rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from alignment.protocol import Projection, ProjectionInput, SpanProjector, WordPair, Words
from alignment.tokens import space_tokens
from corpora.errors import UserError
from corpora.records import DroppedRow, Provenance, Row, Span

METHOD = "projection"


def pair_up(sources: Sequence[Row], targets: Sequence[Row], file: str) -> list[tuple[Row, Row]]:
    """Rows with the same id, or, where no target id is a source's, rows in the same order.

    Raises `UserError`, naming `file`, for a row without a partner.
    """
    by_id = {row.id: row for row in targets}
    if any(row.id in by_id for row in sources):
        for row in sources:
            if row.id not in by_id:
                raise UserError(f"no translation with the id '{row.id}'", file=file)
        known = {row.id for row in sources}
        for row in targets:
            if row.id not in known:
                raise UserError(f"no source row with the id '{row.id}'", file=file, row=row.id)
        return [(row, by_id[row.id]) for row in sources]
    if len(sources) != len(targets):
        problem = f"{len(targets)} translations for {len(sources)} rows, and no ids in common"
        raise UserError(problem, file=file)
    return list(zip(sources, targets, strict=True))


def tokens_of(row: Row) -> tuple[tuple[int, int], ...]:
    """The row's own tokens, or what stands between its white space: what Pharaoh links count."""
    return row.tokens if row.tokens is not None else space_tokens(row.text)


def token_pair(source: Row, target: Row) -> WordPair:
    """The two texts with their tokens."""
    return WordPair(Words(source.text, tokens_of(source)), Words(target.text, tokens_of(target)))


def as_input(source: Row, target: Row, spans: tuple[Span, ...]) -> ProjectionInput:
    """What a projector needs of a row."""
    return ProjectionInput(source.text, spans, target.text, (), source.lang, target.lang)


@dataclass(frozen=True, slots=True)
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
    """Carry the spans of every source row over to its translation.

    `inputs` are the pairs as `as_input` gives them. A span that cannot be placed drops the row,
    or, without `drop_rows`, only itself. `overlapping` places every span by itself, as alternative
    answers to a question need.
    """
    parts: list[ProjectionInput] = []
    owners: list[int] = []
    for index, one in enumerate(inputs):
        groups = [(span,) for span in one.spans] if overlapping else [one.spans]
        parts.extend(replace(one, spans=group) for group in groups)
        owners.extend([index] * len(groups))
    found: list[list[Projection]] = [[] for _ in inputs]
    for owner, projection in zip(owners, projector.project(parts), strict=True):
        found[owner].append(projection)
    kept: list[Row] = []
    dropped: list[DroppedRow] = []
    placed = 0
    for (source, target), projections in zip(pairs, found, strict=True):
        spans: list[Span] = []
        lost: list[tuple[Span, str]] = []
        originals = iter(source.spans)
        for projection in projections:
            snapped = snap_to_tokens(projection, target.tokens)
            spans.extend(span for span in snapped.placed if span is not None)
            for span, reason in zip(snapped.placed, snapped.reasons, strict=True):
                original = next(originals)
                if span is None:
                    lost.append((original, reason))
        placed += len(spans)
        row = _labelled(source, target, spans)
        if lost and drop_rows:
            dropped.append(DroppedRow(row, "unplaced-span", _detail(source, lost)))
        else:
            kept.append(row)
    return Projected(kept, dropped, sum(len(one.spans) for one in inputs), placed)


def _detail(source: Row, lost: Sequence[tuple[Span, str]]) -> str:
    return "; ".join(
        f"{span.label} '{source.text[span.start : span.end]}': {reason}" for span, reason in lost
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
        text_pair=target.text_pair if target.text_pair is not None else source.text_pair,
        spans=tuple(sorted(dict.fromkeys(spans), key=lambda span: (span.start, span.end))),
        tokens=target.tokens,
        meta=MappingProxyType({**source.meta, **target.meta}),
        provenance=provenance,
    )


def snap_to_tokens(
    projection: Projection, tokens: tuple[tuple[int, int], ...] | None
) -> Projection:
    """Spans grown to whole tokens; of two that then share one, the surer stays."""
    if tokens is None or not any(projection.placed):
        return projection
    taken: list[tuple[int, int]] = []
    placed: list[Span | None] = [None] * len(projection.placed)
    reasons = list(projection.reasons)
    order = sorted(
        (i for i, span in enumerate(projection.placed) if span is not None),
        key=lambda i: -(projection.placed[i].confidence or 0.0),  # type: ignore[union-attr]
    )
    for index in order:
        span = projection.placed[index]
        if span is None:
            continue
        touched = [token for token in tokens if token[0] < span.end and span.start < token[1]]
        start, end = (touched[0][0], touched[-1][1]) if touched else (span.start, span.end)
        start, end = min(start, span.start), max(end, span.end)
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            reasons[index] = "collision"
            continue
        taken.append((start, end))
        placed[index] = replace(span, start=start, end=end)
    return Projection(tuple(placed), tuple(reasons))
