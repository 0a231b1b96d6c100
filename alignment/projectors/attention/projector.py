"""`AttentionProjector`, the projector by name `attention`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.limits import TEXT_TOO_LONG, SourceRanges, blocks, is_unattended
from alignment.projectors.attention.layout import Ints, Layout, find_pieces
from alignment.projectors.attention.runs import PlacedRuns, RunFinder
from alignment.projectors.edges import build_projection, is_punctuation
from alignment.protocol import Projection, ProjectionInput

_TOGETHER = 20_000_000
"""Attention weights and pieces of the rows that are laid out together: 240 MB of running sums."""


class AttentionProjector:
    """A `SpanProjector` by `SegmentAlignment.attention`.

    Spans of segments without attention are `unaligned`, or `text-too-long` where the segment is too
    long to have any. `minimum_share` is the least share of
    attention that a unit standing alone must give to a span for the span to be placed there when no
    unit gives it more than half.
    """

    name = "attention"

    def __init__(self, minimum_share: float = 0.2) -> None:
        self._minimum_share = minimum_share

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`.

        Raises `ValueError` for attention of another shape than its segment has pieces.
        """
        return [
            projection
            for block in blocks(list(map(_size, inputs)), _TOGETHER)
            for projection in self._project(inputs[block])
        ]

    def _project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        if not any(row.spans for row in inputs):
            return [Projection((), ()) for _ in inputs]
        layout = Layout(inputs)
        row = np.repeat(np.arange(len(inputs)), [len(r.spans) for r in inputs])
        pieces = find_pieces(layout, [span for r in inputs for span in r.spans], row)
        runs = RunFinder(layout, pieces, self._minimum_share).find()
        characters = _characters(layout, inputs, row, runs)
        confidence = np.clip(runs.confidence, 0.0, 1.0).tolist()
        placed, collided = runs.placed().tolist(), runs.collided().tolist()
        projections, at = [], 0
        for r in inputs:
            upto = at + len(r.spans)
            if upto == at:
                projections.append(Projection((), ()))
                continue
            too_long = SourceRanges(filter(is_unattended, r.segments))
            projections.append(
                build_projection(
                    r.target,
                    r.spans,
                    [characters[i] if placed[i] else None for i in range(at, upto)],
                    confidence[at:upto],
                    [
                        ""
                        if placed[i]
                        else "collision"
                        if collided[i]
                        else TEXT_TOO_LONG
                        if too_long.touch(span)
                        else "unaligned"
                        for i, span in zip(range(at, upto), r.spans, strict=True)
                    ],
                    self.name,
                )
            )
            at = upto
        return projections


def _size(row: ProjectionInput) -> int:
    """How much `_TOGETHER` counts for a row."""
    attention = sum(s.attention.size for s in row.segments if s.attention is not None)
    return attention + sum(len(s.source_pieces) + len(s.target_pieces) for s in row.segments)


def _characters(
    layout: Layout, inputs: Sequence[ProjectionInput], row: Ints, runs: PlacedRuns
) -> list[tuple[int, int]]:
    """Runs of target pieces as trimmed offsets into their rows' targets; any for none."""
    if len(layout.targets) == 0:
        return [(0, 0)] * len(row)
    pieces = runs.pieces
    placed = runs.placed()
    first = np.where(placed, pieces[:, 0], 0)
    last = np.where(placed, pieces[:, 1] - 1, 0)
    edges = [
        (is_punctuation(r.source[span.start]), is_punctuation(r.source[span.end - 1]))
        for r in inputs
        for span in r.spans
    ]
    keep_first, keep_last = np.array(edges, dtype=bool).T
    starts, ends = layout.target_text.trim(
        layout.targets[first, 0], layout.targets[last, 1], keep_first, keep_last
    )
    offset = layout.target_text_at[row]
    return list(zip((starts - offset).tolist(), (ends - offset).tolist(), strict=True))
