"""From runs of target units to valid spans: trimmed, of whole graphemes, disjoint."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alignment.characters import CharClass, char_classes
from alignment.protocol import Projection
from corpora.records import Span
from corpora.text.graphemes import widen_to_graphemes


class TrimTable:
    """Where trimming from any offset of `text` stops; `classes` are those of its characters."""

    def __init__(self, text: str) -> None:
        classes = char_classes(text)
        self._spaces = _stops(classes != CharClass.SPACE)
        self._all = _stops((classes != CharClass.SPACE) & (classes != CharClass.PUNCTUATION))
        self.classes = classes

    def trim(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        keep_first: NDArray[np.bool_],
        keep_last: NDArray[np.bool_],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The spans [`starts`, `ends`) without outer spaces and punctuation; all of shape (spans,).

        `keep_first` and `keep_last` say which keep their punctuation on that side. A span of
        nothing but punctuation is trimmed of spaces only.
        """
        (space_next, space_back), (next_, back) = self._spaces, self._all
        first = np.where(keep_first, space_next[starts], next_[starts])
        last = np.where(keep_last, space_back[ends], back[ends])
        bare = first >= last
        first = np.where(bare, space_next[starts], first)
        last = np.where(bare, space_back[ends], last)
        return first, np.maximum(first, last)


def _stops(
    stop: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`next[i]`: the first stop at or after i; `back[i]`: one past the last stop before i."""
    size = len(stop)
    index = np.arange(size, dtype=np.int64)
    following = np.full(size + 1, size, dtype=np.int64)
    following[:size] = np.where(stop, index, size)
    following = np.minimum.accumulate(following[::-1])[::-1]
    back = np.zeros(size + 1, dtype=np.int64)
    back[1:] = np.where(stop, index + 1, 0)
    return following, np.maximum.accumulate(back)


@lru_cache(maxsize=65536)
def is_punctuation(char: str) -> bool:
    """Whether `char` is punctuation that is trimmed off an edge."""
    return bool(char_classes(char)[0] == CharClass.PUNCTUATION)


def build_projection(
    text: str,
    spans: tuple[Span, ...],
    runs: list[tuple[int, int] | None],
    confidences: list[float],
    reasons: list[str],
    projector: str,
) -> Projection:
    """The `Projection` of `spans` at the character runs `runs` of `text`, made valid.

    Every span has a run or None, its confidence in `confidences` and in `reasons` why it has no
    run, or ""; `projector` is the name that the placed spans get. Runs grow to whole grapheme
    clusters; in order of their position, of two that overlap the less confident is dropped with
    reason `collision`, and both where their spans touch.
    """
    safe: list[tuple[int, int] | None] = []
    reasons = list(reasons)
    ascii_only = text.isascii() and "\r" not in text
    for index, run in enumerate(runs):
        if run is not None and not ascii_only:
            run = widen_to_graphemes(text, *run)
        if run is not None and (run[0] >= run[1] or text[run[0] : run[1]].isspace()):
            run, reasons[index] = None, "empty"
        safe.append(run)
    if len(safe) > 1:
        _drop_collisions(spans, safe, confidences, reasons)
    placed = tuple(
        None if run is None else Span(run[0], run[1], span.label, projector, confidence)
        for span, run, confidence in zip(spans, safe, confidences, strict=True)
    )
    return Projection(placed, tuple(reasons))


def _drop_collisions(
    spans: tuple[Span, ...],
    runs: list[tuple[int, int] | None],
    confidences: list[float],
    reasons: list[str],
) -> None:
    order = sorted(
        (index for index, run in enumerate(runs) if run is not None),
        key=lambda index: (runs[index], -confidences[index]),
    )
    previous = -1
    for index in order:
        run, before = runs[index], runs[previous] if previous >= 0 else None
        if run is not None and before is not None and run[0] < before[1]:
            loser = index if confidences[index] <= confidences[previous] else previous
            runs[loser], reasons[loser] = None, "collision"
            winner = previous if loser == index else index
            if spans[loser].start == spans[winner].end or spans[loser].end == spans[winner].start:
                # They touch, as parts of a word do: what is left would have both under one label.
                runs[winner], reasons[winner] = None, "collision"
                continue
            if loser == index:
                continue
        previous = index
