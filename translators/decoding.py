"""Unique texts decoded window by window: the next is prepared while the last is decoded.

CTranslate2's workers take batches from a queue that is kept full, and release the interpreter
while they decode: the next texts are cut into pieces and the last ones put together meanwhile. The
queue is short, and threads fill it one after the other, so that texts to decode again need not wait
for all texts of other threads.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from translators.language_tokens import LanguageTokens
from translators.long_texts import Part, join_parts, split_long
from translators.model_card import ModelInfo
from translators.pieces.codec import Offsets, PieceCodec
from translators.protocol import DecodingOptions, Hypothesis
from translators.results import DecodingRequest, ResultReader, wait_for

WINDOW = 16_384
"""Texts sent to the workers at a time; while they are decoded the next window is prepared."""
_OUTPUT_PER_INPUT = 1.5
"""Pieces of output allowed per piece of input before the decoding limit requires a split."""


@dataclass(slots=True)
class _Window:
    """Texts that are being decoded."""

    texts: list[str]
    parts: list[list[Part]]
    pending: deque[Any]
    """Results to come, one per part; each is released when it has been read."""


class WindowDecoder:
    """Decodes texts with the model `info` in batches of `batch_tokens` tokens.

    `codec` cuts texts into the model's pieces, `reader` reads the results, and `parallel` is the
    number of batches decoded at a time.
    """

    def __init__(
        self,
        info: ModelInfo,
        codec: PieceCodec,
        reader: ResultReader,
        batch_tokens: int,
        parallel: int,
    ) -> None:
        self._folder = info.path
        self._max_pieces = info.card.max_source_pieces
        self._codec = codec
        self._reader = reader
        self._batch_tokens = batch_tokens
        self._parallel = parallel

    def decode(
        self,
        translator: Any,
        texts: list[str],
        request: DecodingRequest,
        lock: AbstractContextManager[Any],
    ) -> dict[str, Hypothesis]:
        """The hypothesis of each of the `texts`, which are unique, decoded as `request` says.

        `translator` is a `ctranslate2.Translator` of the model. `lock` is held while more than one
        batch is put into its queue.
        """
        hypotheses: dict[str, Hypothesis] = {}
        decoded: _Window | None = None
        for window_texts in _windows(texts):
            window = self._submit(translator, window_texts, request, lock)
            if decoded is not None:
                self._collect(decoded, request, hypotheses)
            decoded = window
        if decoded is not None:
            self._collect(decoded, request, hypotheses)
        return hypotheses

    def _submit(
        self,
        translator: Any,
        texts: list[str],
        request: DecodingRequest,
        lock: AbstractContextManager[Any],
    ) -> _Window:
        tokens, options = request.tokens, request.options
        parts = self._split(texts, self._longest_source(tokens, options))
        prefix, suffix = list(tokens.prefix), list(tokens.suffix)
        sources = [prefix + part.pieces + suffix for text_parts in parts for part in text_parts]
        if not sources:
            return _Window(texts, parts, deque())
        target_prefix = tokens.target_prefix
        has_alignment = self._reader.has_alignment
        is_small = sum(map(len, sources)) <= self._batch_tokens
        with nullcontext() if is_small else lock:
            pending = translator.translate_batch(
                sources,
                [list(target_prefix)] * len(sources) if target_prefix else None,
                max_batch_size=self._batch_size(sources, options),
                batch_type="tokens",
                asynchronous=True,
                max_input_length=0,
                beam_size=options.beam_size,
                num_hypotheses=options.num_hypotheses,
                length_penalty=options.length_penalty,
                repetition_penalty=options.repetition_penalty,
                no_repeat_ngram_size=options.no_repeat_ngram_size,
                sampling_topk=options.sampling_topk,
                sampling_temperature=options.sampling_temperature,
                max_decoding_length=self._reader.output_limit(options) + len(target_prefix),
                return_scores=True,
                return_attention=options.return_attention and has_alignment,
                return_end_token=options.return_attention and self._reader.shift > 0,
                disable_unk=True,
            )
        return _Window(texts, parts, deque(pending))

    def _split(self, texts: list[str], limit: int) -> list[list[Part]]:
        """The parts of every text, none of more than `limit` pieces; blank texts have none."""
        parts: list[list[Part]] = [[] for _ in texts]
        for index, (text, pieces) in enumerate(zip(texts, self._codec.encode(texts), strict=True)):
            if not pieces or text.isspace():
                continue
            if len(pieces) <= limit:
                parts[index] = [Part(0, len(text), pieces)]
            else:
                offsets = self._codec.offsets([text], [pieces])[0]
                parts[index] = split_long(text, offsets, limit, self._codec.encode)
        return parts

    def _longest_source(self, tokens: LanguageTokens, options: DecodingOptions) -> int:
        """Pieces a source may have: what the model takes, and what its output has room for."""
        around = len(tokens.prefix) + len(tokens.suffix)
        room = int(self._reader.output_limit(options) / _OUTPUT_PER_INPUT)
        return max(4, min(self._max_pieces - around, room))

    def _batch_size(self, sources: list[list[str]], options: DecodingOptions) -> int:
        """Tokens per batch: enough for speed, but so that every worker gets something to do."""
        longest = max(map(len, sources))
        if options.sampling_topk != 1:
            return max(self._batch_tokens, longest)
        share = sum(map(len, sources)) // (2 * self._parallel) + 1
        return max(min(self._batch_tokens, share), longest)

    def _collect(
        self, window: _Window, request: DecodingRequest, hypotheses: dict[str, Hypothesis]
    ) -> None:
        offsets = self._source_offsets(window) if request.options.return_attention else {}
        for index, (text, parts) in enumerate(zip(window.texts, window.parts, strict=True)):
            if not parts:
                hypotheses[text] = Hypothesis("", 0.0)
                continue
            results = [wait_for(window.pending.popleft(), self._folder) for _ in parts]
            if len(parts) == 1:
                n_best = self._reader.read(results[0], request, offsets.get(index, ()))
                best = n_best[0]
                flags = self._reader.flags(text, parts[0], results[0], best, request)
            else:
                best, flags = self._join(text, parts, results, request)
                n_best = [best]
            if flags or len(n_best) > 1:
                best = dataclasses.replace(best, flags=flags, alternatives=tuple(n_best[1:]))
            hypotheses[text] = best

    def _source_offsets(self, window: _Window) -> dict[int, Offsets]:
        """Offsets of the pieces of every text that was not split, by the text's number."""
        single = [i for i, parts in enumerate(window.parts) if len(parts) == 1]
        offsets = self._codec.offsets(
            [window.texts[i] for i in single], [window.parts[i][0].pieces for i in single]
        )
        return dict(zip(single, offsets, strict=True))

    def _join(
        self, text: str, parts: list[Part], results: list[Any], request: DecodingRequest
    ) -> tuple[Hypothesis, tuple[str, ...]]:
        """One hypothesis of a text that was split, and its flags; it has no alternatives."""
        texts = [text[part.start : part.end] for part in parts]
        offsets: list[Offsets] = [()] * len(parts)
        if request.options.return_attention:
            offsets = self._codec.offsets(texts, [part.pieces for part in parts])
        best: list[Hypothesis] = []
        flags: list[str] = []
        for part, part_text, part_offsets, result in zip(
            parts, texts, offsets, results, strict=True
        ):
            hypothesis = self._reader.read(result, request, part_offsets)[0]
            flags += self._reader.flags(part_text, part, result, hypothesis, request)
            best.append(hypothesis)
        return join_parts(text, parts, best), tuple(dict.fromkeys(flags))


def _windows(texts: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(texts), WINDOW):
        yield texts[at : at + WINDOW]
