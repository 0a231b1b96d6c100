"""Projectors whose unsure spans are given up."""

from __future__ import annotations

from collections.abc import Sequence

from alignment.protocol import Projection, ProjectionInput, SpanProjector
from corpora.records import Span

UNSURE = "unsure"
"""The reason why a span with too little confidence is not placed."""


class ConfidentProjector:
    """A projector that gives up what `projector` places with less than the confidence `minimum`.

    Spans without a confidence stay.
    """

    def __init__(self, projector: SpanProjector, minimum: float) -> None:
        self.name = projector.name
        self.learns: bool = getattr(projector, "learns", False)
        self._projector = projector
        self._minimum = minimum

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`."""
        return [self._confident(projection) for projection in self._projector.project(inputs)]

    def _confident(self, projection: Projection) -> Projection:
        if not any(map(self._is_unsure, projection.placed)):
            return projection
        pairs = zip(projection.placed, projection.reasons, strict=True)
        placed = [(None, UNSURE) if self._is_unsure(span) else (span, why) for span, why in pairs]
        return Projection(tuple(span for span, _ in placed), tuple(why for _, why in placed))

    def _is_unsure(self, span: Span | None) -> bool:
        return span is not None and span.confidence is not None and span.confidence < self._minimum
