"""What is protected in a text besides what its form shows: half-open code point offsets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from corpora.records import Span

Stretches = Sequence[tuple[int, int]]
"""[start, end) of what is kept as it is in a text."""


def stretches_within(
    stretches: Iterable[tuple[int, int]], start: int, end: int
) -> tuple[tuple[int, int], ...]:
    """What [`start`, `end`) of a text has of its `stretches`, counted from `start`, in order."""
    inside = ((max(a, start) - start, min(b, end) - start) for a, b in stretches)
    return tuple(sorted((a, b) for a, b in inside if a < b))


def stretches_of(spans: Iterable[Span], labels: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Start and end of those of `spans` that have one of `labels`."""
    return tuple((span.start, span.end) for span in spans if span.label in labels) if labels else ()


def as_pairs(flat: Sequence[int] | None) -> tuple[tuple[int, int], ...]:
    """The numbers in `flat` (start, end, start, end, ...) as pairs; None is none."""
    return tuple(zip(flat[::2], flat[1::2], strict=True)) if flat else ()
