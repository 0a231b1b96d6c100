"""Labelled rows projected onto translations: nested spans."""

from collections.abc import Sequence

from alignment.projectors.confident import ConfidentProjector
from alignment.protocol import Projection, ProjectionInput
from alignment.rows import as_input, project_rows
from corpora.records import Row, Span


class SameOffsets:
    """Places every span where it was, and notes how many it gets at a time."""

    name = "same"

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`."""
        self.sizes = [len(item.spans) for item in inputs]
        return [
            Projection(
                tuple(Span(s.start, s.end, s.label, "same", s.end / 20) for s in item.spans),
                ("",) * len(item.spans),
            )
            for item in inputs
        ]


NESTED = (Span(0, 18, "ORG"), Span(14, 18, "LOC"))
APART = (Span(0, 10, "ORG"), Span(14, 18, "LOC"))


def rows_with(spans: tuple[Span, ...]) -> list[tuple[Row, Row]]:
    text = "University of Oslo"
    return [(Row("1", "en", text, spans=spans), Row("1", "de", text))]


def test_spans_that_overlap_are_placed_each_by_itself_and_all_kept() -> None:
    for spans, sizes in ((NESTED, [1, 1]), (APART, [2])):
        pairs, projector = rows_with(spans), SameOffsets()
        inputs = [as_input(source, target, source.spans) for source, target in pairs]
        (kept,) = project_rows(pairs, inputs, projector).kept
        assert [(s.start, s.end, s.label) for s in kept.spans] == [
            (s.start, s.end, s.label) for s in spans
        ]
        assert projector.sizes == sizes


def test_unsure_spans_are_given_up() -> None:
    ((source, target),) = rows_with(APART)
    item = as_input(source, target, source.spans)
    (projection,) = ConfidentProjector(SameOffsets(), 0.6).project([item])
    assert [span and span.label for span in projection.placed] == [None, "LOC"]
    assert projection.reasons == ("unsure", "")
