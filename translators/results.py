"""From what CTranslate2 returns to hypotheses: text, score, offsets, attention and flags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from translators.families import EOS
from translators.guards import find_flags
from translators.language_tokens import LanguageTokens
from translators.long_texts import Part
from translators.model_card import ModelInfo
from translators.pieces.codec import Offsets, PieceCodec
from translators.protocol import DecodingOptions, Hypothesis


@dataclass(frozen=True, slots=True)
class DecodingRequest:
    """How texts are to be translated."""

    tokens: LanguageTokens
    options: DecodingOptions
    target: str
    """The language of the translations, a BCP 47 tag."""
    same_language: bool
    """Whether source and target are one language, so that a copy is no mistake."""


class ResultReader:
    """Reads the results of one model's decoding, with `codec` for its pieces.

    `info` says whether its attention is an alignment, and of which step (`AlignmentHead.shift`).
    """

    def __init__(self, info: ModelInfo, codec: PieceCodec) -> None:
        self.has_alignment = info.card.alignment is not None
        self.shift = 0 if info.card.alignment is None else info.card.alignment.shift
        self._codec = codec
        self._max_pieces = info.card.max_source_pieces

    def output_limit(self, options: DecodingOptions) -> int:
        """Pieces that decoding with `options` may write."""
        return min(options.max_decoding_length, self._max_pieces)

    def read(self, result: Any, request: DecodingRequest, source: Offsets) -> list[Hypothesis]:
        """The n-best list of a `result` for `request`, best first, without flags.

        `source` holds the offsets of the source's pieces, () where they are not requested.
        """
        options = request.options
        skipped = request.tokens.written_prefix
        attention = result.attention if options.return_attention and self.has_alignment else None
        scores = result.scores
        hypotheses = []
        for rank, pieces in enumerate(result.hypotheses):
            pieces = _without_end(pieces)[skipped:]
            if options.return_attention:
                text, target = self._codec.decode(pieces)
            else:
                text, target = self._codec.decode_text(pieces), ()
            score = scores[rank]
            if options.length_penalty != 1.0:
                score *= max(1, len(pieces)) ** (options.length_penalty - 1.0)
            matrix = None
            if attention is not None:
                matrix = self.alignment(attention[rank], request.tokens, len(source), len(pieces))
            hypotheses.append(
                Hypothesis(text, score, source, target, matrix, piece_count=len(pieces))
            )
        return hypotheses

    def flags(
        self, text: str, part: Part, result: Any, hypothesis: Hypothesis, request: DecodingRequest
    ) -> tuple[str, ...]:
        """What is wrong with the best `hypothesis` of a `result` for `text`, whose pieces `part`
        holds; see `find_flags`. `request` says which tokens and limits apply."""
        pieces = _without_end(result.hypotheses[0])[request.tokens.written_prefix :]
        return find_flags(
            text,
            hypothesis.text,
            part.pieces,
            pieces,
            cut=len(pieces) >= self.output_limit(request.options),
            language=request.target,
            same_language=request.same_language,
        )

    def alignment(
        self,
        attention: Sequence[Sequence[float]],
        tokens: LanguageTokens,
        source_count: int,
        target_count: int,
    ) -> NDArray[np.float32]:
        """The soft alignment in `attention` (decoding steps, source tokens), of shape
        (`target_count`, `source_count`): without the columns and steps of language `tokens`."""
        rows = self._aligned_steps(attention, tokens.written_prefix, target_count)
        matrix = np.array(rows, dtype=np.float32)
        if not len(matrix):
            return np.zeros((0, source_count), dtype=np.float32)
        first = len(tokens.prefix)
        return np.ascontiguousarray(matrix[:, first : first + source_count])

    def _aligned_steps(
        self, attention: Sequence[Sequence[float]], skipped: int, count: int
    ) -> Sequence[Sequence[float]]:
        """The steps of decoding that align `count` pieces, after `skipped` forced tokens.

        Where the attention is a step late, an output that hit the length limit has none for its
        last piece, which then shares that of the one before.
        """
        rows = attention[skipped + self.shift :][:count]
        missing = count - len(rows)
        return [*rows, *[attention[-1]] * missing] if missing else rows


def wait_for(future: Any, folder: Path) -> Any:
    """The result of a `future` of CTranslate2, of the model in `folder`.

    Raises `UserError` where the input had more pieces than the model has positions.
    """
    try:
        return future.result()
    except RuntimeError as error:
        if "position encodings" not in str(error):
            raise
        raise UserError(
            f"the model cannot take so many pieces ({error}): add it again with --max-pieces",
            file=folder,
        ) from error


def _without_end(tokens: list[str]) -> list[str]:
    """The tokens without the end-of-sentence token, which is there where it was requested."""
    return tokens[:-1] if tokens and tokens[-1] == EOS else tokens
