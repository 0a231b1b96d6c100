"""Text in, hypotheses out: the protocol of every translator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """How to decode. Everything here changes the result, so everything here is fingerprinted."""

    beam_size: int = 2
    num_hypotheses: int = 1
    length_penalty: float = 1.0
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    sampling_topk: int = 1
    """1 takes the best token; more samples from the k best (with `beam_size=1`)."""
    sampling_temperature: float = 1.0
    seed: int = 0
    """Of sampling; the same texts with the same seed give the same samples."""
    max_decoding_length: int = 256
    return_attention: bool = False


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One translation of one text.

    Offsets count code points, half-open: `source_pieces` into the input text, `target_pieces`
    into `text`. End-of-sentence and language tokens are not among the pieces.
    """

    text: str
    score: float
    """Average log-probability per target token; 0.0 for an empty input."""
    source_pieces: tuple[tuple[int, int], ...] = ()
    target_pieces: tuple[tuple[int, int], ...] = ()
    attention: NDArray[np.float32] | None = None
    """Soft alignment of shape (target pieces, source pieces); rows sum to at most 1."""
    flags: tuple[str, ...] = ()
    """What the guards found wrong (`translators.guards` has their names), or `lost-placeholder`."""
    alternatives: tuple[Hypothesis, ...] = ()
    """The rest of the n-best list, best first."""
    piece_count: int | None = None
    """Number of target pieces, given also where `target_pieces` are not requested; None means that
    `target_pieces` has them all."""

    @property
    def target_length(self) -> int:
        """Number of target pieces, which the score is the average over."""
        return len(self.target_pieces) if self.piece_count is None else self.piece_count


class Translator(Protocol):
    """Keeps order and length, takes an empty list, and is safe to call from several threads."""

    @property
    def name(self) -> str:
        """`name@hash8`, the model's name in the store and the start of its content hash."""
        ...

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Translate `texts`, single segments (sentences): one `Hypothesis` per text, in order.

        `source` and `target` are BCP 47 tags; `options` say how to decode. Raises `UserError` for
        a pair the model lacks.
        """
        ...

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """Score `targets` as translations of `sources` by forced decoding.

        `source` and `target` are BCP 47 tags. Returns text, pieces, score and attention of each
        pair, in order. Raises `UserError` for a pair of languages that cannot be scored.
        """
        ...
