"""A model of the store as a `Translator`: texts in, hypotheses out, over `ctranslate2.Translator`.

Every unique text is translated once. `decoding` keeps CTranslate2's workers busy, `results` reads
what they return, and `forced_decoding` scores given translations.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import ctranslate2

from corpora.errors import UserError
from corpora.text.languages import same_language
from translators.capitals import in_capitals, usual_case
from translators.copying import copy_of, is_copied
from translators.ct2_weights import check_model_file
from translators.decoding import WindowDecoder
from translators.forced_decoding import ForcedDecoder
from translators.hardware import Hardware, available_cores, resolve_hardware
from translators.language_tokens import LanguageTokens, language_tokens
from translators.model_card import ModelInfo, verify
from translators.pieces.codec import Offsets
from translators.pieces.open import open_codec
from translators.protocol import DecodingOptions, Hypothesis
from translators.results import DecodingRequest, ResultReader
from translators.vocabulary import read_vocabulary

_QUEUED = 4
"""Most batches that wait for a worker; a thread with more batches waits too."""
_SAMPLING_LANES = 4
_RETRY_PENALTY, _RETRY_NGRAM = 1.3, 3


class Engine:
    """A model of the store as a `Translator`; safe to share between threads."""

    def __init__(
        self, info: ModelInfo, hardware: Hardware | None = None, *, verified: bool = False
    ) -> None:
        """Load the model `info` on `hardware` (None chooses for you).

        `verified` says that the files' hashes need no check. Raises `UserError` for files that are
        not those of the card, a model that cannot be loaded, and hardware that does not exist.
        """
        if not verified:
            verify(info)
        check_model_file(info.path / "model.bin")
        self.info = info
        self.weight_bytes = (info.path / "model.bin").stat().st_size
        self._hardware = resolve_hardware(hardware or Hardware(), self.weight_bytes)
        parallel, _ = self._hardware.threads
        self._translator = self._open(*self._hardware.threads)
        self._codec = open_codec(info, available_cores())
        self._vocabulary = frozenset(read_vocabulary(info.path))
        reader = ResultReader(info, self._codec)
        batch_tokens = self._hardware.batch_tokens
        self._decoder = WindowDecoder(info, self._codec, reader, batch_tokens, parallel)
        self._forced = ForcedDecoder(info, self._translator, self._codec, reader, batch_tokens)
        self._sampling = threading.Lock()
        self._filling = threading.Lock()
        self._language_tokens: dict[tuple[str, str], LanguageTokens] = {}

    @property
    def name(self) -> str:
        """`name@hash8`."""
        return self.info.name

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""
        return self._hardware.device

    @property
    def compute_type(self) -> str:
        """The type of the numbers: `int8_float32`, `float32`, ..."""
        return str(self._translator.compute_type)

    @property
    def threads(self) -> tuple[int, int]:
        """Parallel batches, and threads per batch."""
        return self._hardware.threads

    @property
    def batch_tokens(self) -> int:
        """Tokens in a batch."""
        return self._hardware.batch_tokens

    @property
    def has_alignment(self) -> bool:
        """Whether the model was trained with guided alignment; only then is attention given."""
        return self.info.card.alignment is not None

    def supports(self, source: str, target: str) -> bool:
        """Whether the model translates from `source` to `target` (BCP 47)."""
        return self.info.supports(source, target)

    def tokens(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """The tokens of each of `texts` (nothing split) as the model reads them.

        Language tokens for translating from `source` to `target` (BCP 47) are among them.
        """
        tokens = self._tokens_of(source, target)
        return [tokens.wrap(pieces) for pieces in self._codec.encode(list(texts))]

    def language_tokens(self, source: str, target: str) -> LanguageTokens:
        """The tokens around the pieces of a text, from `source` to `target` (BCP 47)."""
        return self._tokens_of(source, target)

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """Translate `texts` from `source` to `target`; see `Translator.translate`.

        A text without words is copied. One longer than the model takes is split at the best places
        and put together again. One in capital letters is decoded in its usual case, and its
        translation put into capitals. A hypothesis that a guard flags is decoded once more with a
        repetition penalty, and keeps its flags where that is no better. With
        `options.return_attention` there are pieces, and `attention` where the model was trained
        with guided alignment. Raises `UserError` for a pair that the model lacks and for `options`
        that contradict each other.
        """
        _check_options(options)
        request = DecodingRequest(
            self._tokens_of(source, target), options, target, same_language(source, target)
        )
        copied = [text for text in dict.fromkeys(texts) if is_copied(text)]
        hypotheses = dict(zip(copied, self._copies(copied, options), strict=True))
        # What is decoded for each text: the text, or its usual case.
        read = {
            text: usual_case(text, source) or text
            for text in dict.fromkeys(texts)
            if text not in hypotheses
        }
        decoded = self._decode(list(dict.fromkeys(read.values())), request)
        for text, form in read.items():
            hypothesis = decoded[form]
            hypotheses[text] = hypothesis if form == text else in_capitals(hypothesis, target)
        return [hypotheses[text] for text in texts]

    def _decode(self, unique: list[str], request: DecodingRequest) -> dict[str, Hypothesis]:
        """The hypotheses of the `unique` texts; what a guard flags is decoded once more."""
        hypotheses = self._translate_unique(unique, request)
        flagged = [text for text in unique if hypotheses[text].flags]
        if flagged:
            options = request.options
            stricter = dataclasses.replace(
                options,
                repetition_penalty=max(options.repetition_penalty, _RETRY_PENALTY),
                no_repeat_ngram_size=options.no_repeat_ngram_size or _RETRY_NGRAM,
            )
            retry = dataclasses.replace(request, options=stricter)
            for text, better in self._translate_unique(flagged, retry).items():
                if not better.flags:
                    hypotheses[text] = better
        return hypotheses

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """Score `targets` as translations of `sources`, from `source` to `target` (BCP 47).

        See `Translator.force`. The score is the average log-probability per token, the
        end-of-sentence token included. Texts in capital letters are scored in their usual case.
        A pair longer than the model takes is not cut: it is flagged `length` and not scored.
        Raises `ValueError` where the texts differ in number.
        """
        read = [usual_case(text, source) or text for text in sources]
        forced = [usual_case(text, target) or text for text in targets]
        hypotheses = self._forced.force(read, forced, self._tokens_of(source, target))
        return [
            hypothesis if hypothesis.text == text else dataclasses.replace(hypothesis, text=text)
            for hypothesis, text in zip(hypotheses, targets, strict=True)
        ]

    def _open(self, inter: int, intra: int) -> Any:
        try:
            return ctranslate2.Translator(
                str(self.info.path),
                device=self._hardware.device,
                compute_type=self._hardware.compute_type,
                inter_threads=inter,
                intra_threads=intra,
                max_queued_batches=_QUEUED * inter,
            )
        except ValueError as error:
            raise UserError(f"{error}", file=self.info.path) from error
        except (RuntimeError, MemoryError) as error:
            raise UserError(f"cannot load the model: {error}", file=self.info.path) from error

    def _tokens_of(self, source: str, target: str) -> LanguageTokens:
        key = (source, target)
        if key not in self._language_tokens:
            self._language_tokens[key] = language_tokens(
                self.info, source, target, self._vocabulary, self._codec.prefix
            )
        return self._language_tokens[key]

    def _copies(self, texts: list[str], options: DecodingOptions) -> list[Hypothesis]:
        pieces = self._codec.encode(texts)
        offsets: list[Offsets] = [()] * len(texts)
        if options.return_attention:
            offsets = self._codec.offsets(texts, pieces)
        attention = options.return_attention and self.has_alignment
        return [
            copy_of(text, text_offsets, attention, len(text_pieces))
            for text, text_offsets, text_pieces in zip(texts, offsets, pieces, strict=True)
        ]

    def _translate_unique(
        self, texts: list[str], request: DecodingRequest
    ) -> dict[str, Hypothesis]:
        if request.options.sampling_topk == 1:
            return self._decoder.decode(self._translator, texts, request, self._filling)
        # CTranslate2 seeds a worker's generator when the worker first draws, so reproducible
        # samples need workers of their own; how many may not depend on the machine.
        lanes = _SAMPLING_LANES if self._hardware.is_small_model else 1
        no_lock: AbstractContextManager[Any] = nullcontext()
        hypotheses: dict[str, Hypothesis] = {}
        with self._sampling, ThreadPoolExecutor(lanes) as pool:
            ctranslate2.set_random_seed(request.options.seed)
            samplers = [self._open(1, self._hardware.threads[1]) for _ in range(lanes)]
            runs = [
                pool.submit(self._decoder.decode, samplers[i], texts[i::lanes], request, no_lock)
                for i in range(lanes)
            ]
            for run in runs:
                hypotheses |= run.result()
        return hypotheses


def _check_options(options: DecodingOptions) -> None:
    if options.beam_size < 1 or options.max_decoding_length < 4:
        raise UserError("the beam must be at least 1 and the decoding length at least 4")
    if options.num_hypotheses > max(options.beam_size, 1) and options.sampling_topk == 1:
        raise UserError(
            f"{options.num_hypotheses} hypotheses need a beam of at least as many, "
            f"not {options.beam_size}"
        )
    if options.sampling_topk != 1 and options.beam_size != 1:
        raise UserError("sampling (sampling_topk) needs a beam_size of 1")


_engines: dict[tuple[Path, str, Hardware], Engine] = {}
_engines_lock = threading.Lock()


def shared_engine(info: ModelInfo, hardware: Hardware) -> Engine:
    """The process's only engine for the model `info` on `hardware`; made on the first call."""
    key = (info.path, info.content_hash, hardware)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = Engine(info, hardware)
        return _engines[key]
