"""Scoring given translations: forced decoding, with the attention of every target piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from translators.language_tokens import LanguageTokens
from translators.model_card import ModelInfo
from translators.pieces.codec import PieceCodec
from translators.protocol import Hypothesis
from translators.results import ResultReader, wait_for

_SPECIAL_TOKENS = 4
"""Positions left free for language and end-of-sentence tokens."""


class ForcedDecoder:
    """Scores translations with the model `info`, open in the `ctranslate2.Translator` `translator`.

    `codec` cuts texts into the model's pieces, `reader` reads the attention, and a batch has
    `batch_tokens` tokens.
    """

    def __init__(
        self,
        info: ModelInfo,
        translator: Any,
        codec: PieceCodec,
        reader: ResultReader,
        batch_tokens: int,
    ) -> None:
        self._folder: Path = info.path
        self._limit = info.card.max_source_pieces
        self._translator = translator
        self._codec = codec
        self._reader = reader
        self._batch_tokens = batch_tokens

    def force(
        self, sources: Sequence[str], targets: Sequence[str], tokens: LanguageTokens
    ) -> list[Hypothesis]:
        """Each of `targets` as the translation of its source in `sources`; see `Engine.force`.

        `tokens` are those of the pair of languages.
        """
        source_texts, target_texts = list(sources), list(targets)
        if len(source_texts) != len(target_texts):
            raise ValueError(f"{len(source_texts)} sources, but {len(target_texts)} targets")
        source_pieces = self._codec.encode(source_texts)
        target_pieces = self._codec.encode_target(target_texts)
        source_offsets = self._codec.offsets(source_texts, source_pieces)
        hypotheses: list[Hypothesis] = []
        scorable: list[int] = []
        for i, (ours, theirs) in enumerate(zip(source_pieces, target_pieces, strict=True)):
            is_blank = not ours or not theirs
            if not is_blank and max(len(ours), len(theirs)) + _SPECIAL_TOKENS <= self._limit:
                scorable.append(i)
            flags = () if is_blank else ("length",)
            hypotheses.append(
                Hypothesis(
                    target_texts[i], 0.0, source_offsets[i], flags=flags, piece_count=len(theirs)
                )
            )
        scored = self._score(
            [source_pieces[i] for i in scorable], [target_pieces[i] for i in scorable], tokens
        )
        for i, (score, attention) in zip(scorable, scored, strict=True):
            offsets = self._codec.offsets_target([target_texts[i]], [target_pieces[i]])[0]
            hypotheses[i] = Hypothesis(
                target_texts[i], score, source_offsets[i], offsets, attention
            )
        return hypotheses

    def _score(
        self, sources: list[list[str]], targets: list[list[str]], tokens: LanguageTokens
    ) -> Iterator[tuple[float, NDArray[np.float32] | None]]:
        """Score and attention of each pair of pieces, in order."""
        wrapped = [tokens.wrap(pieces) for pieces in sources]
        prefixes = [[*tokens.target_prefix, *pieces] for pieces in targets]
        scored = self._translator.score_batch(
            wrapped,
            prefixes,
            max_batch_size=self._batch_tokens,
            batch_type="tokens",
            max_input_length=0,
            offset=tokens.written_prefix,
            asynchronous=True,
        )
        attention = self._attention(wrapped, prefixes) if self._reader.has_alignment else {}
        for index, future in enumerate(scored):
            log_probs = wait_for(future, self._folder).log_probs
            matrix = None
            if index in attention:
                matrix = self._reader.alignment(
                    wait_for(attention[index], self._folder).attention[0],
                    tokens,
                    len(sources[index]),
                    len(targets[index]),
                )
            yield sum(log_probs) / max(1, len(log_probs)), matrix

    def _attention(self, sources: list[list[str]], prefixes: list[list[str]]) -> dict[int, Any]:
        """Decoding with the whole target as prefix; targets of one length share their batches."""
        by_length: dict[int, list[int]] = {}
        for index, prefix in enumerate(prefixes):
            by_length.setdefault(len(prefix), []).append(index)
        futures: dict[int, Any] = {}
        for length, indices in sorted(by_length.items(), reverse=True):
            pending = self._translator.translate_batch(
                [sources[i] for i in indices],
                [prefixes[i] for i in indices],
                max_batch_size=max(self._batch_tokens, max(len(sources[i]) for i in indices)),
                batch_type="tokens",
                asynchronous=True,
                max_input_length=0,
                beam_size=1,
                max_decoding_length=length + self._reader.shift,
                return_attention=True,
                return_end_token=True,
            )
            futures.update(zip(indices, pending, strict=True))
        return futures
