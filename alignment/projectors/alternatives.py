"""When a projection fails, the next translation hypothesis is tried before the row is given up."""

from __future__ import annotations

from collections.abc import Sequence

from alignment.protocol import Projection, ProjectionInput, SpanProjector


def project_alternatives(
    projector: SpanProjector, rows: Sequence[Sequence[ProjectionInput]]
) -> list[tuple[int, Projection]]:
    """For every row the hypothesis taken (0 is the best one) and its projection.

    `rows[i]` are the inputs of row i, one a hypothesis, best first, at least one. The first
    hypothesis in which every span is placed is taken; where there is none, the one with most
    spans placed. Only rows that have failed so far are projected again.
    """
    taken: list[tuple[int, Projection] | None] = [None] * len(rows)
    waiting = list(range(len(rows)))
    number = 0
    while waiting:
        found = projector.project([rows[index][number] for index in waiting])
        for index, projection in zip(waiting, found, strict=True):
            best = taken[index]
            if best is None or _placed(projection) > _placed(best[1]):
                taken[index] = (number, projection)
        number += 1
        waiting = [index for index in waiting if number < len(rows[index]) and _lost(taken[index])]
    return [one for one in taken if one is not None]


def _placed(projection: Projection) -> int:
    return sum(span is not None for span in projection.placed)


def _lost(one: tuple[int, Projection] | None) -> bool:
    return one is None or any(one[1].reasons)
