"""Several projectors combined: the target spans with the greatest sum of confidence win."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.disjoint import DisjointRuns
from alignment.projectors.edges import build_projection
from alignment.projectors.weights import vote_curve
from alignment.protocol import Projection, ProjectionInput, SpanProjector
from corpora.errors import UserError


class VoteProjector:
    """A `SpanProjector` that gives every span to the run with the greatest sum of confidence.

    `members` are projectors, or names of such, whose predictions are summed; one with low
    confidence, or without evidence for a row, counts little or nothing. The confidence is the share
    of the possible sum, `calibrated` unless that is switched off. Raises `UserError` without
    members.
    """

    name = "vote"

    def __init__(
        self,
        members: Sequence[str | SpanProjector] = ("aligned", "attention"),
        calibrated: bool = True,
    ) -> None:
        from alignment.projectors import load_projector

        if not members:
            raise UserError("voting needs at least one projector")
        self._calibrated = calibrated
        self._members = [load_projector(m) if isinstance(m, str) else m for m in members]
        self.learns = any(getattr(member, "learns", False) for member in self._members)

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`."""
        predictions = [member.project(inputs) for member in self._members]
        return [
            self._combine(*row) for row in zip(inputs, zip(*predictions, strict=True), strict=True)
        ]

    def _combine(self, row: ProjectionInput, predictions: Sequence[Projection]) -> Projection:
        """Spans take their best free run, the best supported span first."""
        # Only projectors that placed some span of the row count.
        counted = sum(any(p is not None for p in prediction.placed) for prediction in predictions)
        support = [_support(predictions, index, counted) for index in range(len(row.spans))]
        chosen: list[tuple[int, int] | None] = [None] * len(row.spans)
        confidence = [0.0] * len(row.spans)
        reasons = [
            "" if runs else next((p.reasons[i] for p in predictions if p.reasons[i]), "unaligned")
            for i, runs in enumerate(support)
        ]
        order = sorted(
            ((weight, i, run) for i, runs in enumerate(support) for run, weight in runs.items()),
            key=lambda item: (-item[0], item[1], item[2]),
        )
        taken = DisjointRuns()
        for weight, index, run in order:
            if chosen[index] is None and taken.add(*run):
                chosen[index] = run
                confidence[index] = self._confidence(weight)
        for index, run_ in enumerate(chosen):
            if run_ is None and support[index]:
                reasons[index] = "collision"
        return build_projection(row.target, row.spans, chosen, confidence, reasons, self.name)

    def _confidence(self, weight: float) -> float:
        return float(vote_curve(np.array([weight]))[0]) if self._calibrated else min(weight, 1.0)


def _support(
    predictions: Sequence[Projection], index: int, counted: int
) -> dict[tuple[int, int], float]:
    """The weight of every run where span `index` was placed: its share of the confidence, of
    `counted` projectors."""
    runs: dict[tuple[int, int], float] = {}
    for prediction in predictions:
        span = prediction.placed[index]
        if span is not None:
            run = (span.start, span.end)
            runs[run] = runs.get(run, 0.0) + max(span.confidence or 0.0, 1e-6) / max(1, counted)
    return runs
