"""The segments of all rows of a call, laid end to end so that every step is one array operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from alignment.characters import CharClass
from alignment.projectors.edges import TrimTable
from alignment.protocol import ProjectionInput, SegmentAlignment
from corpora.records import Span

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_UNATTENDED = SegmentAlignment((), (), None)


class Layout:
    """The pieces, the attention and the texts of `inputs`; a source piece and a target piece have a
    number each in the whole call.

    Those of segment i are [source_at[i], source_at[i + 1]) and [target_at[i], target_at[i + 1]),
    `source_count[i]` and `target_count[i]` in number, and the segments of row i are
    [row_segments[i], row_segments[i + 1]). `sources` and `targets`, of shape (pieces, 2), are
    offsets into all source texts and all target texts end to end, where row i begins at
    `source_text_at[i]` and `target_text_at[i]`. `unit_starts`, of shape (target pieces,), says
    which pieces start a unit. `attention` has the matrix of every segment; one without counts as
    one without pieces, so that it takes no memory. `mass` are running sums over all of them end to
    end, that of segment i from `matrix_at[i]`. `target_text` trims the target texts. Raises
    `ValueError` for attention of another shape than (target pieces, source pieces).
    """

    def __init__(self, inputs: Sequence[ProjectionInput]) -> None:
        segments = [
            segment if segment.attention is not None else _UNATTENDED
            for row in inputs
            for segment in row.segments
        ]
        counts = [len(row.segments) for row in inputs]
        self.row_segments = _starts(counts)
        self.attention = [
            np.zeros((0, 0), np.float32) if s.attention is None else s.attention for s in segments
        ]
        for segment, matrix in zip(segments, self.attention, strict=True):
            shape = (len(segment.target_pieces), len(segment.source_pieces))
            if matrix.shape != shape:
                raise ValueError(f"attention of shape {matrix.shape}, expected {shape}")
        flat = [matrix.ravel() for matrix in self.attention]
        self.mass = np.zeros(sum(map(len, flat)) + 1)
        if len(self.mass) > 1:
            np.cumsum(np.concatenate(flat), dtype=np.float64, out=self.mass[1:])
        self.matrix_at = _starts([len(part) for part in flat])
        self.source_count = np.array([len(s.source_pieces) for s in segments] + [0])
        self.target_count = np.array([len(s.target_pieces) for s in segments] + [0])
        self.source_at = _starts(self.source_count[:-1])
        self.target_at = _starts(self.target_count[:-1])
        self.source_text_at = _starts([len(row.source) + 1 for row in inputs])
        self.target_text_at = _starts([len(row.target) + 1 for row in inputs])
        self.sources = _laid_out(
            [s.source_pieces for s in segments],
            np.repeat(self.source_text_at[:-1], counts),
            self.source_count,
        )
        self.targets = _laid_out(
            [s.target_pieces for s in segments],
            np.repeat(self.target_text_at[:-1], counts),
            self.target_count,
        )
        self.target_text = TrimTable("\n".join(row.target for row in inputs) + "\n")
        self.unit_starts = self._find_unit_starts()

    def _find_unit_starts(self) -> NDArray[np.bool_]:
        """Pieces of one spaced word are one unit."""
        starts, ends = self.targets[:, 0], self.targets[:, 1]
        first = np.ones(len(starts), dtype=bool)
        if len(starts) > 1:
            classes = self.target_text.classes
            before = classes[np.maximum(starts - 1, 0)]
            here = classes[np.minimum(starts, len(classes) - 1)]
            touches = starts[1:] <= ends[:-1]
            word = (CharClass.WORD, CharClass.EXTEND)
            inside = np.isin(before, word) & (here == CharClass.WORD)
            inside |= here == CharClass.EXTEND
            overlap = starts[1:] < ends[:-1]
            first[1:] = ~(overlap | (touches & inside[1:]))
        first[self.target_at[:-1][self.target_at[:-1] < len(first)]] = True
        return first


@dataclass(frozen=True, slots=True)
class SpanPieces:
    """The positions of source spans in a `Layout`: arrays of shape (spans,).

    Span i is in row `row[i]` and touches the source pieces [low[i], high[i]), none where the two
    are equal, of the segments `first[i]` to `last[i]`.
    """

    row: Ints
    low: Ints
    high: Ints
    first: Ints
    last: Ints


def find_pieces(layout: Layout, spans: Sequence[Span], row: Ints) -> SpanPieces:
    """The source pieces in `layout` of `spans`, of which span i is in row `row[i]`."""
    starts = np.fromiter((span.start for span in spans), np.int64, len(spans))
    ends = np.fromiter((span.end for span in spans), np.int64, len(spans))
    base = layout.source_text_at[row]
    low = np.searchsorted(layout.sources[:, 1], base + starts, side="right")
    high = np.searchsorted(layout.sources[:, 0], base + ends, side="left")
    first = np.searchsorted(layout.source_at, low, side="right") - 1
    last = np.searchsorted(layout.source_at, np.maximum(high - 1, low), side="right") - 1
    return SpanPieces(row, low, high, first, last)


def _starts(counts: Sequence[int] | Ints) -> Ints:
    """Where each of consecutive parts begins, and where the last one ends."""
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(np.asarray(counts, dtype=np.int64), out=starts[1:])
    return starts


def _laid_out(pieces: list[tuple[tuple[int, int], ...]], base: Ints, counts: Ints) -> Ints:
    """Offsets of all pieces of all segments in the texts laid end to end, shape (pieces, 2)."""
    total = int(counts.sum())
    flat = chain.from_iterable(chain.from_iterable(pieces))
    offsets = np.fromiter(flat, np.int64, 2 * total).reshape(-1, 2)
    offsets = offsets + np.repeat(base, counts[:-1])[:, None]
    # A piece may have no characters; searching needs offsets that never decrease.
    return np.maximum.accumulate(offsets, axis=0)
