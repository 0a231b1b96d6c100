"""Several projectors combined: every one names its target span, the surest joint answer wins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from alignment.projectors.edges import build_projection
from alignment.projectors.weights import vote_curve
from alignment.protocol import Projection, ProjectionInput, SpanProjector
from corpora.errors import UserError


class VoteProjector:
    """Gives every span to the run with the greatest sum of its supporters' confidence.

    `members` are projectors, or names of such; a member that is unsure, or has no evidence for a
    row, weighs little or nothing. The confidence is the share of the possible sum, calibrated
    unless that is switched off.
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
        """Place the spans of every input; see `SpanProjector`."""
        ballots = [member.project(inputs) for member in self._members]
        return [
            self._count(row, [ballot[index] for ballot in ballots])
            for index, row in enumerate(inputs)
        ]

    def _count(self, row: ProjectionInput, ballots: Sequence[Projection]) -> Projection:
        """Spans take their best free run, the best supported span first."""
        support: list[dict[tuple[int, int], float]] = []
        silent = [all(p is None for p in ballot.placed) for ballot in ballots]
        voters = max(1, len(ballots) - sum(silent)) if not all(silent) else 1
        for index in range(len(row.spans)):
            runs: dict[tuple[int, int], float] = {}
            for ballot in ballots:
                placed = ballot.placed[index]
                if placed is not None:
                    run = (placed.start, placed.end)
                    runs[run] = runs.get(run, 0.0) + max(placed.confidence or 0.0, 1e-6) / voters
            support.append(runs)
        chosen: list[tuple[int, int] | None] = [None] * len(row.spans)
        confidence = [0.0] * len(row.spans)
        reasons = [
            "" if runs else next((b.reasons[i] for b in ballots if b.reasons[i]), "unaligned")
            for i, runs in enumerate(support)
        ]
        order = sorted(
            ((votes, i, run) for i, runs in enumerate(support) for run, votes in runs.items()),
            key=lambda item: (-item[0], item[1], item[2]),
        )
        taken: list[tuple[int, int]] = []
        for votes, index, run in order:
            free = all(run[1] <= start or run[0] >= end for start, end in taken)
            if chosen[index] is None and free:
                chosen[index] = run
                confidence[index] = self._confidence(votes)
                taken.append(run)
        for index, found in enumerate(chosen):
            if found is None and support[index]:
                reasons[index] = "collision"
        return build_projection(row.target, row.spans, chosen, confidence, reasons, self.name)

    def _confidence(self, votes: float) -> float:
        return float(vote_curve(np.array([votes]))[0]) if self._calibrated else min(votes, 1.0)
