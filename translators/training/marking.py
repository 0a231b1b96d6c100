"""Projection markers put around aligned phrases of a sentence pair."""

from __future__ import annotations

import random
from collections.abc import Sequence

from translators.training.words import TokenisedPair

_Phrase = tuple[int, int, int, int]
"""[start, end) in the source's words, [start, end) in the target's."""


def mark_phrases(
    pair: TokenisedPair, markers: Sequence[tuple[str, str]], rng: random.Random
) -> None:
    """Bracket up to three phrases of `pair`, in place, each by its own pair of `markers`.

    `rng` draws the phrases; their links stay inside them on both sides.
    """
    phrases = _draw_phrases(pair, min(3, len(markers)), rng)
    phrases.sort()
    source_marks: list[tuple[int, str, bool]] = []
    target_marks: list[tuple[int, str, bool]] = []
    for (opening, closing), (a, b, c, d) in zip(markers, phrases, strict=False):
        source_marks.extend(((a, opening, True), (b, closing, False)))
        target_marks.extend(((c, opening, True), (d, closing, False)))
    source_positions = _insert(pair.source, pair.source_gaps, source_marks)
    target_positions = _insert(pair.target, pair.target_gaps, target_marks)
    pair.links = [(source_positions[i], target_positions[j]) for i, j in pair.links]


def _draw_phrases(pair: TokenisedPair, count: int, rng: random.Random) -> list[_Phrase]:
    """At most `count` phrases that do not overlap, of six drawn."""
    phrases: list[_Phrase] = []
    for _ in range(6):
        if len(phrases) == count:
            break
        start = rng.randrange(len(pair.source))
        end = min(len(pair.source), start + rng.choice((1, 1, 2, 2, 3, 4)))
        linked = [j for i, j in pair.links if start <= i < end]
        if not linked:
            continue
        low, high = min(linked), max(linked) + 1
        if high - low > 2 * (end - start) + 1:
            continue
        if any(low <= j < high and not start <= i < end for i, j in pair.links):
            continue
        if any((start < b and a < end) or (low < d and c < high) for a, b, c, d in phrases):
            continue
        phrases.append((start, end, low, high))
    return phrases


def _insert(words: list[str], gaps: list[str], marks: list[tuple[int, str, bool]]) -> list[int]:
    """Put `marks` (word that follows, marker, whether it opens) into `words` and `gaps`.

    Returns the new position of every word.
    """
    # Where one phrase ends and the next begins, the closing marker comes first.
    marks.sort(key=lambda mark: (mark[0], mark[2]))
    positions = list(range(len(words)))
    for inserted, (at, mark, _) in enumerate(marks):
        words.insert(at + inserted, mark)
        gaps.insert(at + inserted, " ")
        if at + inserted + 1 < len(gaps):
            gaps[at + inserted + 1] = " "
        positions = [p + 1 if p >= at + inserted else p for p in positions]
    return positions
