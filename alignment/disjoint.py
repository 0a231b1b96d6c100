"""Stretches of a text that do not overlap."""

from __future__ import annotations

from bisect import bisect_left


class DisjointRuns:
    """Runs [start, end) of a text, none overlapping another; the search for room is logarithmic."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        """Add the run [`start`, `end`), which is not empty, unless it overlaps one; whether it was
        added."""
        at = bisect_left(self._starts, end)  # those before begin within the run or ahead of it
        if at and self._ends[at - 1] > start:
            return False
        self._starts.insert(at, start)
        self._ends.insert(at, end)
        return True
