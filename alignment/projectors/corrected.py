"""`CorrectedProjector`: another projector, corrected by what people made of the same spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from alignment.limits import SourceRanges
from alignment.protocol import Projection, ProjectionInput, SpanProjector
from corpora.records import Span
from corpora.text.words import words

_UNSURE = 0.5
"""Below this confidence a span may be moved to where it does not even overlap."""
_SURE, _OFTEN = 0.8, 2
"""From this confidence on a span moves only to what people chose so many times more often."""
NAME = "corrected"
"""The projector that spans get which were placed by what people corrected."""


class CorrectedProjector:
    """A `SpanProjector` that places spans as `projector` does, unless people placed a span of the
    same text otherwise.

    `phrases` are, by the text of a source span, the texts that reviewers gave it and how often. A
    span that was placed on one that is less usual moves to the most usual one that overlaps it; one
    that was not placed, or with little confidence, to the only one in its sentence. Case is
    ignored, whole words are compared, and no span comes to overlap another.
    """

    def __init__(self, projector: SpanProjector, phrases: Mapping[str, Mapping[str, int]]) -> None:
        self._projector = projector
        self.name = projector.name
        self.learns = bool(getattr(projector, "learns", False))
        self._phrases: dict[str, dict[tuple[str, ...], int]] = {}
        for source, targets in phrases.items():
            counts = self._phrases.setdefault(_key(source), {})
            for target, count in targets.items():
                forms = tuple(_forms(target, words(target)))
                counts[forms] = counts.get(forms, 0) + count

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`."""
        placed = self._projector.project(inputs)
        return [self._corrected(row, old) for row, old in zip(inputs, placed, strict=True)]

    def _corrected(self, row: ProjectionInput, projection: Projection) -> Projection:
        counts = [self._phrases.get(_key(row.source[s.start : s.end])) for s in row.spans]
        if not any(counts):
            return projection
        placed, reasons = list(projection.placed), list(projection.reasons)
        offsets = words(row.target)
        forms = _forms(row.target, offsets)
        for number, (span, usual) in enumerate(zip(row.spans, counts, strict=True)):
            if not usual:
                continue
            others = [s for i, s in enumerate(placed) if s is not None and i != number]
            low, high = _window(row, span)
            free = {
                phrase: [
                    (start, end)
                    for start, end in _occurrences(phrase, forms, offsets)
                    if low <= start
                    and end <= high
                    and all(end <= s.start or s.end <= start for s in others)
                ]
                for phrase in usual
            }
            run = _better(row.target, placed[number], usual, free)
            if run is not None:
                start, end, confidence = run
                placed[number] = Span(start, end, span.label, NAME, confidence)
                reasons[number] = ""
        return Projection(tuple(placed), tuple(reasons))


def _better(
    text: str,
    current: Span | None,
    usual: Mapping[tuple[str, ...], int],
    free: Mapping[tuple[str, ...], Sequence[tuple[int, int]]],
) -> tuple[int, int, float] | None:
    """Where a span belongs that is `current` now, with its confidence; None to leave it there."""
    total = sum(usual.values())
    least = 0
    if current is not None:
        now = text[current.start : current.end]
        least = usual.get(tuple(_forms(now, words(now))), 0)
    for phrase in sorted(usual, key=lambda phrase: (-usual[phrase], -len(phrase))):
        if usual[phrase] <= least:
            break
        runs = list(free[phrase])
        if current is not None:
            confidence = current.confidence or 0.0
            if confidence >= _SURE and usual[phrase] < least + _OFTEN:
                break
            touching = [r for r in runs if r[0] < current.end and current.start < r[1]]
            if touching or confidence >= _UNSURE:
                runs = touching
        if len(runs) == 1:
            return (*runs[0], usual[phrase] / (total + 1))
    return None


def _window(row: ProjectionInput, span: Span) -> tuple[int, int]:
    """Where in the target the sentences are that `span` is in."""
    touched = [s for s in row.segments if s.target_pieces and SourceRanges([s]).touch(span)]
    if len(row.segments) < 2 or not touched:
        return 0, len(row.target)
    return (
        min(s.target_pieces[0][0] for s in touched),
        max(s.target_pieces[-1][1] for s in touched),
    )


def _key(text: str) -> str:
    return " ".join(text.casefold().split())


def _forms(text: str, offsets: Sequence[tuple[int, int]]) -> list[str]:
    return [text[start:end].casefold() for start, end in offsets]


def _occurrences(
    phrase: Sequence[str], forms: Sequence[str], offsets: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    size = len(phrase)
    for at in range(len(forms) - size + 1 if size else 0):
        if tuple(forms[at : at + size]) == tuple(phrase):
            yield offsets[at][0], offsets[at + size - 1][1]
