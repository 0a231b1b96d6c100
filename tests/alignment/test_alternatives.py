from __future__ import annotations

from collections.abc import Sequence

from alignment.projectors.alternatives import project_alternatives
from alignment.protocol import Projection, ProjectionInput
from corpora.records import Span


class Literal:
    """Places a span where the target has its very text."""

    name = "literal"

    def __init__(self) -> None:
        self.calls: list[int] = []

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        self.calls.append(len(inputs))
        result = []
        for row in inputs:
            found = [row.target.find(row.source[s.start : s.end]) for s in row.spans]
            placed = tuple(
                None if at < 0 else Span(at, at + s.end - s.start, s.label, self.name, 1.0)
                for at, s in zip(found, row.spans, strict=True)
            )
            result.append(Projection(placed, tuple("" if p else "unaligned" for p in placed)))
        return result


def hypotheses(*targets: str) -> list[ProjectionInput]:
    spans = (Span(0, 1, "A"), Span(2, 3, "B"))
    return [ProjectionInput("x y", spans, target) for target in targets]


def test_the_first_hypothesis_that_keeps_every_span_is_taken() -> None:
    projector = Literal()
    found = project_alternatives(
        projector,
        [
            hypotheses("x y", "never tried"),
            hypotheses("nothing", "x", "y x"),
            hypotheses("x", "nothing"),
            hypotheses("nothing"),
        ],
    )
    assert [number for number, _ in found] == [0, 2, 0, 0]
    assert [sum(p is not None for p in one.placed) for _, one in found] == [2, 2, 1, 0]
    assert projector.calls == [4, 2, 1]


def test_nothing() -> None:
    assert project_alternatives(Literal(), []) == []
