"""`AlignedProjector`, the projector by name `aligned`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignment.limits import MAX_CELLS, TEXT_TOO_LONG, SourceRanges, is_too_long
from alignment.projectors.aligned.assignment import assign
from alignment.projectors.aligned.completeness import COMPLETENESS, keep_complete
from alignment.projectors.aligned.placement import Placement, find_source_spans, to_projection
from alignment.projectors.attention.projector import AttentionProjector
from alignment.projectors.evidence import (
    AlignerEvidence,
    has_attention,
    mean_posteriors,
    posteriors_by_attention,
    row_pairs,
)
from alignment.projectors.features.candidates import Candidates
from alignment.projectors.features.lexicon import Lexicon
from alignment.projectors.weights import Weights, load_weights
from alignment.protocol import (
    Posteriors,
    Projection,
    ProjectionInput,
    SoftAligner,
    WordAligner,
    WordPair,
)
from alignment.words.statistical.aligner import StatisticalAligner
from corpora.errors import UserError

_BLOCK_CELLS = 60_000
_ALIGNERS = ("statistical", "attention", "statistical+attention")


class AlignedProjector:
    """A `SpanProjector` by word alignment; it needs no translator and no model.

    `aligner` is any `WordAligner`, or a name: `statistical` (trained on the rows of each call, and
    on `priors`), `attention` (the rows' own, where they have it, else statistical), or
    `statistical+attention` (their mean where rows have attention). `complete` are completeness
    filters: `source` gives a span up unless each of its words has a partner inside the target
    span, `target` unless each target word has a partner inside the source span, `instance` gives
    up all spans of a row when one could not be placed. Spans with a confidence below
    `minimum_confidence` are given up too. `weights` are those of the features, by default the
    fitted ones for the aligner. Raises `UserError` for an unknown name.
    """

    name = "aligned"
    learns = True
    """The projection of a row depends on the other rows of the call."""

    def __init__(
        self,
        aligner: str | WordAligner = "statistical+attention",
        priors: str | Path | None = None,
        complete: Sequence[str] = (),
        minimum_confidence: float = 0.0,
        weights: Weights | None = None,
    ) -> None:
        for name in complete:
            if name not in COMPLETENESS:
                raise UserError(f"unknown completeness filter '{name}'", choices=COMPLETENESS)
        self._use_attention = False
        self._aligner: WordAligner | None
        kind = "statistical"
        if isinstance(aligner, str):
            if aligner not in _ALIGNERS:
                raise UserError(f"unknown aligner '{aligner}'", choices=_ALIGNERS)
            self._use_attention = "attention" in aligner
            self._aligner = StatisticalAligner(priors) if "statistical" in aligner else None
            kind = "attention" if aligner == "attention" else "statistical"
        else:
            self._aligner = aligner
            kind = "statistical" if isinstance(aligner, SoftAligner) else "links"
        self._weights = weights or load_weights(kind)
        self._complete = frozenset(complete)
        self._minimum = minimum_confidence

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of all `inputs`; see `SpanProjector`."""
        if not any(row.spans for row in inputs):
            return [Projection((), ()) for _ in inputs]
        pairs = row_pairs(inputs)
        too_long = [is_too_long(pair) for pair in pairs]
        if any(too_long):
            return self._project_long(inputs, too_long)
        evidence = self._evidence(inputs, pairs)
        result: list[Projection] = []
        for block in _blocks(inputs, pairs):
            posteriors = self._posteriors(inputs[block], pairs[block], block, evidence)
            placements = self._place(inputs[block], pairs[block], posteriors)
            for row, pair, soft, placed in zip(
                inputs[block], pairs[block], posteriors, placements, strict=True
            ):
                confident = [self._drop_unconfident(placement) for placement in placed]
                kept = keep_complete(self._complete, row, pair, soft, confident)
                result.append(to_projection(row, pair, kept, self.name))
        return result

    def _project_long(
        self, inputs: Sequence[ProjectionInput], too_long: Sequence[bool]
    ) -> list[Projection]:
        """Rows of thousands of words are placed by their attention, sentence by sentence, because
        tables of all their words would fill the memory; where they have none, not at all."""
        short = self.project([row for row, long in zip(inputs, too_long, strict=True) if not long])
        long_rows = [row for row, long in zip(inputs, too_long, strict=True) if long]
        placed = map(_explained, long_rows, AttentionProjector().project(long_rows))
        by_attention, by_alignment = iter(placed), iter(short)
        return [next(by_attention if long else by_alignment) for long in too_long]

    def _evidence(
        self, inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]
    ) -> AlignerEvidence | None:
        """What an aligner says of all rows; None where each has attention and that is enough."""
        aligner = self._aligner
        if aligner is None and not all(map(has_attention, inputs)):
            aligner = StatisticalAligner()
        return None if aligner is None else AlignerEvidence(aligner, inputs, pairs)

    def _posteriors(
        self,
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
        rows: slice,
        evidence: AlignerEvidence | None,
    ) -> list[Posteriors]:
        """The soft alignments of the `rows` of a call, which are `inputs`."""
        attended: list[Posteriors | None] = [None] * len(pairs)
        if self._use_attention:
            attended = posteriors_by_attention(inputs, pairs)
        if evidence is None:
            return [soft for soft in attended if soft is not None]
        aligned = evidence.of(rows)
        mean = self._aligner is not None
        return [
            soft if attention is None else mean_posteriors([soft, attention]) if mean else attention
            for soft, attention in zip(aligned, attended, strict=True)
        ]

    def _place(
        self,
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
        posteriors: Sequence[Posteriors],
    ) -> list[list[Placement]]:
        """A `Placement` per span of every row; the rows of a block learn from each other."""
        placements = [
            [Placement(0, 0, 0.0, "unaligned" if p.target.offsets else "empty") for _ in row.spans]
            for row, p in zip(inputs, pairs, strict=True)
        ]
        spans = find_source_spans(inputs, pairs)
        if self._aligner is not None and not isinstance(self._aligner, SoftAligner):
            # A row without any link was not aligned: how alike its words look proves nothing.
            spans = [span for span in spans if posteriors[span.row].forward.any()]
        if not spans:
            return placements
        candidates = Candidates(spans, posteriors, Lexicon(pairs))
        candidates.learn_corpus(candidates.probabilities(self._weights.first))
        probability = candidates.probabilities(self._weights.second)
        probability = self._rescore(candidates, probability, inputs, pairs)
        confidence = self._weights.calibrate(probability).tolist()
        runs = candidates.runs
        for span, choice in zip(spans, assign(candidates, probability), strict=True):
            if choice < 0:
                placements[span.row][span.index] = Placement(0, 0, 0.0, "collision")
            elif runs.real[choice]:
                placements[span.row][span.index] = Placement(
                    int(runs.start[choice]), int(runs.end[choice]), confidence[choice]
                )
        return placements

    def _rescore(
        self,
        candidates: Candidates,
        probability: NDArray[np.float64],
        inputs: Sequence[ProjectionInput],
        pairs: Sequence[WordPair],
    ) -> NDArray[np.float64]:
        """The candidates' probabilities, which subclasses revise by further evidence."""
        return probability

    def _drop_unconfident(self, placement: Placement) -> Placement:
        if placement.reason or placement.confidence >= self._minimum:
            return placement
        return Placement(0, 0, placement.confidence, "unsure")


def _explained(row: ProjectionInput, projection: Projection) -> Projection:
    """`projection` of a row that is too long to be aligned: of spans without attention, that is the
    reason why they have no place."""
    attended = SourceRanges(s for s in row.segments if s.attention is not None)
    reasons = (
        TEXT_TOO_LONG if reason == "unaligned" and not attended.touch(span) else reason
        for span, reason in zip(row.spans, projection.reasons, strict=True)
    )
    return Projection(projection.placed, tuple(reasons))


def _blocks(inputs: Sequence[ProjectionInput], pairs: Sequence[WordPair]) -> list[slice]:
    """Stretches of rows small enough for their candidates to fit into memory together."""
    result, at, cells, links = [], 0, 0, 0
    for index, (row, pair) in enumerate(zip(inputs, pairs, strict=True)):
        cells += len(row.spans) * len(pair.target.offsets)
        links += len(pair.source.offsets) * len(pair.target.offsets)
        if cells > _BLOCK_CELLS or links > MAX_CELLS:
            result.append(slice(at, index + 1))
            at, cells, links = index + 1, 0, 0
    if at < len(inputs):
        result.append(slice(at, len(inputs)))
    return result
