"""Unique ids for rows: new ones where the input has none or repeats them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from corpora.fingerprint import content_id
from corpora.records import Row


def id_of_content(row: Row) -> str:
    """An id for a `row` that has none, made from its language, texts, label and spans."""
    spans = [f"{s.start}:{s.end}:{s.label}" for s in row.spans]
    others = [f"label:{label}" for label in row.labels or ()]
    others += [] if row.value is None else [f"value:{row.value!r}"]
    return content_id(row.lang, row.text, row.text_pair, row.label, row.target, *spans, *others)


class UniqueIds:
    """Finds the ids that occur twice, and gives new ones.

    `given_ids` yields the ids that the input itself gives to its rows, in lists; it is only called
    where an id is repaired, so that no row takes the id of a later one.
    """

    def __init__(self, given_ids: Callable[[], Iterable[list[str]]]) -> None:
        self._given_ids = given_ids
        self._seen = SeenIds()
        self._given: SeenIds | None = None
        self._repeats: Counter[str] = Counter()

    def add(self, ids: list[str]) -> set[int]:
        """Add `ids`; the indices of those that were added before or occur earlier in the list."""
        return self._seen.add(ids)

    def keep_free(self) -> None:
        """Never rename a row to an id that the input gives to another row."""
        if self._given is None:
            self._given = SeenIds()
            for ids in self._given_ids():
                self._given.add(ids)

    def rename(self, ids: list[str]) -> list[str]:
        """For each of `ids` a name that no other row has: the id, and the first number free."""
        names = [self._next_name(row_id) for row_id in ids]
        for index in self._seen.add(names):
            (names[index],) = self.rename([ids[index]])
        return names

    def _next_name(self, row_id: str) -> str:
        while True:
            self._repeats[row_id] += 1
            name = f"{row_id}-{self._repeats[row_id] + 1}"
            if self._given is None or name not in self._given:
                return name


class SeenIds:
    """The set of ids seen so far, at eight bytes each.

    Sorted arrays whose sizes double, as in a log-structured merge tree, so that adding a batch
    costs little even among many. Two ids count as the same when their 64-bit hashes
    agree: at ten million ids the probability of any such pair is three in a million.
    """

    def __init__(self) -> None:
        self._levels: list[NDArray[np.int64]] = []

    def add(self, ids: list[str]) -> set[int]:
        """Add `ids`; the indices of those that were added before or occur earlier in the list."""
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        fresh, first = np.unique(hashes, return_index=True)
        again = np.ones(len(ids), bool)
        again[first] = False
        for level in self._levels:
            indices = np.minimum(np.searchsorted(level, hashes), len(level) - 1)
            again |= level[indices] == hashes
        if len(fresh):
            self._levels.append(fresh)
        while len(self._levels) > 1 and len(self._levels[-2]) <= 2 * len(self._levels[-1]):
            merged = np.concatenate([self._levels.pop(), self._levels.pop()])
            merged.sort()
            self._levels.append(merged)
        return set(np.flatnonzero(again).tolist())

    def __contains__(self, row_id: str) -> bool:
        indices = ((level, level.searchsorted(hash(row_id))) for level in self._levels)
        return any(at < len(level) and level[at] == hash(row_id) for level, at in indices)
