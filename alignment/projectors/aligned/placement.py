"""Source spans as words, and runs of target words as spans of the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alignment.projectors.edges import build_projection, is_punctuation
from alignment.projectors.features.layout import SourceSpan
from alignment.protocol import Projection, ProjectionInput, WordPair


@dataclass(frozen=True, slots=True)
class Placement:
    """A source span's run of target words [start, end) with its confidence.

    Or, with start = end = 0, the `reason` why there is none.
    """

    start: int
    end: int
    confidence: float
    reason: str = ""


def word_range(pair: WordPair, start: int, end: int) -> tuple[int, int]:
    """The source words of `pair` that share a letter with [`start`, `end`), half-open."""
    offsets = pair.source.offsets
    first = bisect_right(offsets, start, key=lambda word: word[1])
    last = bisect_left(offsets, end, key=lambda word: word[0])
    return first, max(first, last)


def find_source_spans(
    inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
) -> list[SourceSpan]:
    """The spans of `inputs` to place, in the words of `pairs`, by row.

    A span without a word, or without a target, is left out.
    """
    spans = []
    for number, (row, pair) in enumerate(zip(inputs, pairs, strict=True)):
        if not pair.target.offsets:
            continue
        for index, span in enumerate(row.spans):
            start, end = word_range(pair, span.start, span.end)
            if end > start:
                spans.append(SourceSpan(number, index, start, end))
    return spans


def to_projection(
    row: ProjectionInput, pair: WordPair, placements: Sequence[Placement], projector: str
) -> Projection:
    """The spans of `row` where `placements` has them, without outer punctuation the source lacks.

    `pair` is the row's words; `projector` is the name that the spans get.
    """
    runs: list[tuple[int, int] | None] = []
    for span, placement in zip(row.spans, placements, strict=True):
        if placement.reason:
            runs.append(None)
            continue
        start, end = placement.start, placement.end
        source = row.source[span.start : span.end].strip()
        offsets = pair.target.offsets
        outer = _outer_punctuation(row.target, offsets)
        while end - start > 1 and outer(start) and not is_punctuation(source[0]):
            start += 1
        while end - start > 1 and outer(end - 1) and not is_punctuation(source[-1]):
            end -= 1
        runs.append((offsets[start][0], offsets[end - 1][1]))
    return build_projection(
        row.target,
        row.spans,
        runs,
        [placement.confidence for placement in placements],
        [placement.reason for placement in placements],
        projector,
    )


def _outer_punctuation(text: str, offsets: tuple[tuple[int, int], ...]) -> Callable[[int], bool]:
    return lambda word: is_punctuation(text[offsets[word][0]])
