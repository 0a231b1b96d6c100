"""Word alignment and span projection: what aligners and projectors take and give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from corpora.records import Span


@dataclass(frozen=True, slots=True)
class Words:
    """A text cut into words; `offsets` are half-open code point offsets, in text order."""

    text: str
    offsets: tuple[tuple[int, int], ...]

    def strings(self) -> list[str]:
        """The words themselves."""
        return [self.text[start:end] for start, end in self.offsets]


@dataclass(frozen=True, slots=True)
class WordPair:
    """A sentence and its translation, cut into words."""

    source: Words
    target: Words


@dataclass(frozen=True, slots=True)
class WordAlignment:
    """Links of one `WordPair`: `links` has shape (n, 2), 0-based (source word, target word).

    `weights` has shape (n,), in (0, 1].
    """

    links: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Posteriors:
    """Soft alignment of one `WordPair` in both directions, each of shape (source, target) words.

    `forward[i, j]` is the probability that target word j comes from source word i, so that columns
    sum to at most 1; `reverse[i, j]` that source word i becomes target word j, so that rows do.
    What is missing to 1 is the probability of having no partner.
    """

    forward: NDArray[np.float32]
    reverse: NDArray[np.float32]


class WordAligner(Protocol):
    """Links the words of sentence pairs.

    Keeps order and length, takes an empty list; every index is in range.
    """

    name: str

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of every one of `pairs`, in order."""
        ...


@runtime_checkable
class SoftAligner(WordAligner, Protocol):
    """A `WordAligner` that gives link probabilities too; the others give links alone."""

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """The soft alignment of every one of `pairs`, in order."""
        ...


@dataclass(frozen=True, slots=True)
class SegmentAlignment:
    """The translator's own alignment of one segment (sentence) of a row.

    Offsets are into the row's whole source text and the whole translation. `attention` has shape
    (target pieces, source pieces).
    """

    source_pieces: tuple[tuple[int, int], ...]
    target_pieces: tuple[tuple[int, int], ...]
    attention: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class ProjectionInput:
    """A source text with its spans, and its translation."""

    source: str
    spans: tuple[Span, ...]
    target: str
    segments: tuple[SegmentAlignment, ...] = ()
    """In text order; empty where the translation was not made by our translator."""
    source_lang: str = "und"
    target_lang: str = "und"


@dataclass(frozen=True, slots=True)
class Projection:
    """The spans that were placed and the source spans that were not.

    `placed[i]` is the target span of source span `i` (with projector and confidence), or None;
    `reasons[i]` says why it is None (`unaligned`, `collision`, `empty`, `text-too-long`, ...) and
    is "" otherwise.
    """

    placed: tuple[Span | None, ...]
    reasons: tuple[str, ...]

    def spans(self) -> tuple[Span, ...]:
        """The placed spans, by target position."""
        return tuple(
            sorted((s for s in self.placed if s is not None), key=lambda s: (s.start, s.end))
        )

    def answers(self) -> tuple[Span, ...]:
        """The placed spans, in the order of the source's: the first of several answers counts."""
        return tuple(span for span in self.placed if span is not None)


class SpanProjector(Protocol):
    """Places source spans in the translation.

    Keeps order and length, takes an empty list. No placed span is empty, out of range, overlaps
    another, or splits a grapheme cluster.
    """

    name: str

    def project(self, inputs: Sequence[ProjectionInput]) -> list[Projection]:
        """Place the spans of every one of `inputs`, in order."""
        ...
