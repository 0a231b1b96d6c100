"""Source spans as words, and runs of target words as spans of the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alignment.projectors.edges import build_projection, is_punctuation
from alignment.projectors.evidence import segment_bounds
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
        bounds = segment_bounds(pair, row.segments) if len(row.segments) > 1 else []
        for index, span in enumerate(row.spans):
            start, end = word_range(pair, span.start, span.end)
            if end > start:
                window = target_window(bounds, start, end, len(pair.target.offsets))
                spans.append(SourceSpan(number, index, start, end, *window))
    return spans


def target_window(
    bounds: Sequence[tuple[int, int, int, int]], start: int, end: int, words: int
) -> tuple[int, int]:
    """The target words, half-open, of the sentences with the source words [`start`, `end`).

    `bounds` are the sentences' words (see `segment_bounds`); all `words` of the target where there
    are none.
    """
    touched = [(low, high) for a, b, low, high in bounds if a < end and start < b and low < high]
    if not touched:
        return 0, words
    return min(low for low, _ in touched), max(high for _, high in touched)


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
    confidences = [placement.confidence for placement in placements]
    reasons = [placement.reason for placement in placements]
    for group in _sharing_words(row, pair):
        _place_parts(row, pair, group, runs, confidences, reasons)
    return build_projection(row.target, row.spans, runs, confidences, reasons, projector)


def _sharing_words(row: ProjectionInput, pair: WordPair) -> list[list[int]]:
    """The spans of `row`, by number, of which each has a word in part that the next has in part."""
    order = sorted(range(len(row.spans)), key=lambda i: row.spans[i].start)
    groups: list[list[int]] = []
    end = 0
    for number in order:
        first, last = word_range(pair, row.spans[number].start, row.spans[number].end)
        if groups and first < end and first < last:
            groups[-1].append(number)
        else:
            groups.append([number])
        end = last
    return [group for group in groups if len(group) > 1]


def _place_parts(
    row: ProjectionInput,
    pair: WordPair,
    group: Sequence[int],
    runs: list[tuple[int, int] | None],
    confidences: list[float],
    reasons: list[str],
) -> None:
    """Place the spans of `group`, which are parts of the same words, or give all of them up.

    Words are what is aligned, so their parts are known only where the words were copied. One part
    alone would be placed on the whole, and the others would be lost in it.
    """
    words = [word_range(pair, row.spans[i].start, row.spans[i].end) for i in group]
    offsets = pair.source.offsets
    start, end = offsets[words[0][0]][0], offsets[words[-1][1] - 1][1]
    best = max(group, key=lambda i: (runs[i] is not None, confidences[i]))
    run = runs[best]
    copied = run is not None and row.target[run[0] : run[1]] == row.source[start:end]
    for number in group:
        span = row.spans[number]
        if run is not None and copied:
            shift = run[0] - start
            runs[number], reasons[number] = (span.start + shift, span.end + shift), ""
            confidences[number] = confidences[best]
        else:
            runs[number], reasons[number] = None, "collision"


def _outer_punctuation(text: str, offsets: tuple[tuple[int, int], ...]) -> Callable[[int], bool]:
    return lambda word: is_punctuation(text[offsets[word][0]])
