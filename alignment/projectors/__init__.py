"""Span projectors by name: `load_projector`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignment.registry import load

if TYPE_CHECKING:
    from alignment.protocol import SpanProjector

DEFAULT_PROJECTOR = "aligned"
"""By far the best (`benchmarks/RESULTS.md`), at a third of a millisecond per span; `attention` is
for runs of millions of rows whose model was trained with guided alignment."""

PROJECTORS: dict[str, str] = {
    "aligned": "alignment.projectors.aligned.projector:AlignedProjector",
    "attention": "alignment.projectors.attention.projector:AttentionProjector",
    "candidate": "alignment.projectors.candidate:CandidateProjector",
    "marker": "alignment.projectors.marker:MarkerProjector",
    "vote": "alignment.projectors.vote:VoteProjector",
}


def load_projector(name: str = DEFAULT_PROJECTOR, **options: Any) -> SpanProjector:
    """The projector called `name`, made with `options`; a single name may be given for a list.

    Only the module of that projector is imported. Raises `UserError` for an unknown name, and for
    an option that the projector does not take or that is of another type than it takes.
    """
    projector: SpanProjector = load("projector", PROJECTORS, name, options)
    return projector
