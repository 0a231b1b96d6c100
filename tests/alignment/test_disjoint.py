from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alignment.disjoint import DisjointRuns

RUNS = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 6)), max_size=30)


@given(RUNS)
def test_a_run_is_added_where_it_overlaps_none(runs: list[tuple[int, int]]) -> None:
    disjoint, taken = DisjointRuns(), []
    for start, length in runs:
        end = start + length
        free = all(end <= first or last <= start for first, last in taken)
        assert disjoint.add(start, end) == free
        if free:
            taken.append((start, end))
