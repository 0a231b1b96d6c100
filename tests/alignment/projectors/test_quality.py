"""Projection quality on real data."""

from __future__ import annotations

from alignment.projectors import load_projector
from benchmarks.gold import europarl, span_f1, token_spans
from tests.helpers.paths import shared_data


def test_quality_on_europarl() -> None:
    """The figure of benchmarks/RESULTS.md, with room for rounding."""
    gold = europarl(shared_data("europarl-ner").parent)[0]
    projections = load_projector("aligned").project(gold.inputs)
    predicted = [
        [(*token_spans(tokens, span.start, span.end), span.label) for span in projection.spans()]
        for tokens, projection in zip(gold.tokens, projections, strict=True)
    ]
    assert span_f1(gold.spans, predicted).f1 >= 92.0
