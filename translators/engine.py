"""The one engine: texts in, hypotheses out, over `ctranslate2.Translator`.

Distinct segments only. CTranslate2's workers take batches from a queue that is kept full, and
release the interpreter while they decode, so that cutting the next texts into pieces and putting
the last ones together happens in their shadow. The queue is short: threads fill it one after the
other, and what has to be decoded again need not wait for all that others have to translate.
"""

from __future__ import annotations

import dataclasses
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from corpora.errors import UserError
from corpora.text.languages import same_language
from translators.copying import copy_of, is_copied
from translators.families import EOS
from translators.guards import find_flags
from translators.languages import find_language
from translators.long_texts import Part, join_parts, split_long
from translators.pieces import Offsets, read_vocabulary
from translators.protocol import DecodingOptions, Hypothesis
from translators.store import ModelInfo, verify
from translators.tokenizers_file import open_codec

WINDOW = 16_384
"""Texts sent to the workers at a time; while they are decoded the next window is prepared."""
_CPU_BATCH, _GPU_BATCH = 1024, 8192
_QUEUED = 4
"""Batches that wait for a worker, at most; whoever has more to give waits too."""
_SMALL_MODEL = 400 * 1024 * 1024
_SAMPLING_LANES = 4
_RETRY_PENALTY, _RETRY_NGRAM = 1.3, 3
_OUTPUT_PER_INPUT = 1.5
"""Pieces of output allowed for a piece of input before decoding's limit asks for a split."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where and how to run a model; none of it is meant to change the result.

    `threads` is (parallel batches, threads a batch), `batch_tokens` the tokens in a batch; None
    lets the engine choose. `compute_type` "auto" is the model's own, on every device.
    """

    device: str = "auto"
    compute_type: str = "auto"
    threads: tuple[int, int] | None = None
    batch_tokens: int | None = None


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def choose_threads(device: str, model_bytes: int, cores: int) -> tuple[int, int]:
    """Parallel batches and threads a batch.

    Small models gain nothing from several threads on one matrix: on two cores, two workers of one
    thread do 2,577 sentences a second where one worker of two does 542. Large ones share the cache.
    """
    if device != "cpu":
        return 1, 1
    if model_bytes < _SMALL_MODEL:
        return cores, 1
    intra = min(4, cores)
    return max(1, cores // intra), intra


@dataclass(frozen=True, slots=True)
class _Convention:
    """The tokens around the pieces for one language pair."""

    prefix: tuple[str, ...]
    suffix: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """How texts are to be translated."""

    convention: _Convention
    options: DecodingOptions
    same_language: bool
    """Whether source and target are one language, so that a copy is no mistake."""


@dataclass(slots=True)
class _Job:
    """One window under way."""

    texts: list[str]
    parts: list[list[Part]]
    pending: deque[Any]
    """Results to come; each is let go when it has been read."""


class Engine:
    """A model of the store as a `Translator`; safe to share between threads.

    `verified` says that the files' hashes need no check.
    """

    def __init__(
        self, info: ModelInfo, hardware: Hardware | None = None, *, verified: bool = False
    ) -> None:
        hardware = hardware or Hardware()
        if not verified:
            verify(info)
        self.info = info
        self._device = _choose_device(hardware.device)
        size = (info.path / "model.bin").stat().st_size
        self._is_small = size < _SMALL_MODEL
        self._threads = hardware.threads or choose_threads(self._device, size, available_cores())
        self._batch_tokens = hardware.batch_tokens or (
            _CPU_BATCH if self._device == "cpu" else _GPU_BATCH
        )
        self._compute_type = _compute_type(hardware.compute_type, self._device)
        self._translator = self._open(*self._threads)
        self._codec = open_codec(info, available_cores())
        self._shift = 0 if info.card.alignment is None else info.card.alignment.shift
        self._vocabulary = frozenset(read_vocabulary(info.path))
        self._sampling = threading.Lock()
        self._filling = threading.Lock()
        self._conventions: dict[tuple[str, str], _Convention] = {}

    @property
    def name(self) -> str:
        """`name@hash8`."""
        return self.info.name

    @property
    def device(self) -> str:
        """`cpu` or `cuda`."""
        return self._device

    @property
    def compute_type(self) -> str:
        """What the numbers are: `int8_float32`, `float32`, ..."""
        return str(self._translator.compute_type)

    @property
    def threads(self) -> tuple[int, int]:
        """Parallel batches, and threads a batch."""
        return self._threads

    @property
    def batch_tokens(self) -> int:
        """Tokens in a batch."""
        return self._batch_tokens

    @property
    def has_alignment(self) -> bool:
        """Whether the model was taught an alignment; only then is attention given."""
        return self.info.card.alignment is not None

    def supports(self, source: str, target: str) -> bool:
        """Whether the model translates from `source` to `target` (BCP 47)."""
        return self.info.supports(source, target)

    def _open(self, inter: int, intra: int) -> Any:
        try:
            return ctranslate2.Translator(
                str(self.info.path),
                device=self._device,
                compute_type=self._compute_type,
                inter_threads=inter,
                intra_threads=intra,
                max_queued_batches=_QUEUED * inter,
            )
        except ValueError as error:
            raise UserError(f"{error}", file=self.info.path) from error
        except RuntimeError as error:
            raise UserError(f"cannot load the model: {error}", file=self.info.path) from error

    def tokens(self, texts: Sequence[str], source: str, target: str) -> list[list[str]]:
        """What the model is given for each text, language tokens and all (nothing split)."""
        convention = self._convention(source, target)
        return [
            [*convention.prefix, *pieces, *convention.suffix]
            for pieces in self._codec.encode(list(texts))
        ]

    def target_prefix(self, source: str, target: str) -> tuple[str, ...]:
        """The tokens that decoding is made to start with."""
        return self._convention(source, target).target

    def translate(
        self, texts: Sequence[str], source: str, target: str, options: DecodingOptions
    ) -> list[Hypothesis]:
        """See `Translator.translate`.

        What has no words is copied. A text longer than the model takes is split at the best places
        and put together again. A
        hypothesis that a guard flags is decoded once more with a repetition penalty, and keeps its
        flags where that is no better. With `options.return_attention` there are pieces, and
        `attention` where the model was taught an alignment.
        """
        _check_options(options)
        request = _Request(self._convention(source, target), options, same_language(source, target))
        copied = [text for text in dict.fromkeys(texts) if is_copied(text)]
        found = dict(zip(copied, self._copies(copied, options), strict=True))
        distinct = [text for text in dict.fromkeys(texts) if text not in found]
        found |= self._translate_distinct(distinct, request)
        flagged = [text for text in distinct if found[text].flags]
        if flagged:
            stricter = dataclasses.replace(
                options,
                repetition_penalty=max(options.repetition_penalty, _RETRY_PENALTY),
                no_repeat_ngram_size=options.no_repeat_ngram_size or _RETRY_NGRAM,
            )
            retry = dataclasses.replace(request, options=stricter)
            for text, better in self._translate_distinct(flagged, retry).items():
                if not better.flags:
                    found[text] = better
        return [found[text] for text in texts]

    def _copies(self, texts: list[str], options: DecodingOptions) -> list[Hypothesis]:
        pieces: list[Offsets] = [()] * len(texts)
        if options.return_attention:
            pieces = self._codec.offsets(texts, self._codec.encode(texts))
        attention = options.return_attention and self.has_alignment
        return [copy_of(text, own, attention) for text, own in zip(texts, pieces, strict=True)]

    def _translate_distinct(self, texts: list[str], request: _Request) -> dict[str, Hypothesis]:
        found: dict[str, Hypothesis] = {}
        if request.options.sampling_topk == 1:
            self._run(self._translator, texts, request, found)
            return found
        # CTranslate2 seeds a worker's generator when the worker first draws, so reproducible
        # samples ask for workers of their own; how many may not depend on the machine.
        lanes = _SAMPLING_LANES if self._is_small else 1
        results: list[dict[str, Hypothesis]] = [{} for _ in range(lanes)]
        with self._sampling, ThreadPoolExecutor(lanes) as pool:
            ctranslate2.set_random_seed(request.options.seed)
            samplers = [self._open(1, self._threads[1]) for _ in range(lanes)]
            runs = [
                pool.submit(self._run, samplers[i], texts[i::lanes], request, results[i])
                for i in range(lanes)
            ]
            for one in runs:
                one.result()
        for result in results:
            found |= result
        return found

    def _run(
        self,
        translator: Any,
        texts: list[str],
        request: _Request,
        found: dict[str, Hypothesis],
    ) -> None:
        under_way: _Job | None = None
        for window in _windows(texts):
            job = self._submit(translator, window, request)
            if under_way is not None:
                self._collect(under_way, request, found)
            under_way = job
        if under_way is not None:
            self._collect(under_way, request, found)

    def _submit(self, translator: Any, texts: list[str], request: _Request) -> _Job:
        convention, options = request.convention, request.options
        pieces = self._codec.encode(texts)
        limit = self._longest(convention, options)
        parts: list[list[Part]] = [[] for _ in texts]
        for index, (text, own) in enumerate(zip(texts, pieces, strict=True)):
            if not own or text.isspace():
                continue
            if len(own) <= limit:
                parts[index] = [Part(0, len(text), own)]
            else:
                offsets = self._codec.offsets([text], [own])[0]
                parts[index] = split_long(text, offsets, limit, self._codec.encode)
        prefix, suffix = list(convention.prefix), list(convention.suffix)
        sources = [prefix + part.pieces + suffix for own in parts for part in own]
        if not sources:
            return _Job(texts, parts, deque())
        is_small = sum(map(len, sources)) <= self._batch_tokens
        with nullcontext() if is_small or translator is not self._translator else self._filling:
            pending = translator.translate_batch(
                sources,
                [list(convention.target)] * len(sources) if convention.target else None,
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
                max_decoding_length=self._output_limit(options) + len(convention.target),
                return_scores=True,
                return_attention=options.return_attention and self.has_alignment,
                return_end_token=options.return_attention and self._shift > 0,
                disable_unk=True,
            )
        return _Job(texts, parts, deque(pending))

    def _longest(self, convention: _Convention, options: DecodingOptions) -> int:
        """Pieces a source may have: what the model takes, and what its output has room for."""
        around = len(convention.prefix) + len(convention.suffix)
        room = int(self._output_limit(options) / _OUTPUT_PER_INPUT)
        return max(4, min(self.info.card.max_source_pieces - around, room))

    def _output_limit(self, options: DecodingOptions) -> int:
        return min(options.max_decoding_length, self.info.card.max_source_pieces)

    def _batch_size(self, sources: list[list[str]], options: DecodingOptions) -> int:
        """Tokens a batch: as many as pay, but so that every worker gets something to do."""
        longest = max(map(len, sources))
        if options.sampling_topk != 1:
            return max(self._batch_tokens, longest)
        share = sum(map(len, sources)) // (2 * self._threads[0]) + 1
        return max(min(self._batch_tokens, share), longest)

    def _collect(
        self,
        job: _Job,
        request: _Request,
        found: dict[str, Hypothesis],
    ) -> None:
        offsets = self._source_offsets(job) if request.options.return_attention else {}
        for index, (text, parts) in enumerate(zip(job.texts, job.parts, strict=True)):
            if not parts:
                found[text] = Hypothesis("", 0.0)
                continue
            results = [self._wait(job.pending.popleft()) for _ in parts]
            if len(parts) == 1:
                hypotheses = self._read(results[0], request, offsets.get(index, ()))
                first = hypotheses[0]
                flags = self._flags(text, parts[0], results[0], first, request)
            else:
                first, flags = self._rejoin(text, parts, results, request)
                hypotheses = [first]
            if flags or len(hypotheses) > 1:
                first = dataclasses.replace(first, flags=flags, alternatives=tuple(hypotheses[1:]))
            found[text] = first

    def _wait(self, future: Any) -> Any:
        try:
            return future.result()
        except RuntimeError as error:
            if "position encodings" not in str(error):
                raise
            raise UserError(
                f"the model cannot take so many pieces ({error}): add it again with --max-pieces",
                file=self.info.path,
            ) from error

    def _source_offsets(self, job: _Job) -> dict[int, Offsets]:
        """Offsets of the pieces of every text that was not split, by the text's number."""
        single = [i for i, parts in enumerate(job.parts) if len(parts) == 1]
        found = self._codec.offsets(
            [job.texts[i] for i in single], [job.parts[i][0].pieces for i in single]
        )
        return dict(zip(single, found, strict=True))

    def _rejoin(
        self,
        text: str,
        parts: list[Part],
        results: list[Any],
        request: _Request,
    ) -> tuple[Hypothesis, tuple[str, ...]]:
        """One hypothesis of a text that was split; it has no alternatives."""
        texts = [text[part.start : part.end] for part in parts]
        offsets: list[Offsets] = [()] * len(parts)
        if request.options.return_attention:
            offsets = self._codec.offsets(texts, [part.pieces for part in parts])
        firsts: list[Hypothesis] = []
        flags: list[str] = []
        for part, piece_text, own, result in zip(parts, texts, offsets, results, strict=True):
            one = self._read(result, request, own)[0]
            flags += self._flags(piece_text, part, result, one, request)
            firsts.append(one)
        return join_parts(text, parts, firsts), tuple(dict.fromkeys(flags))

    def _read(self, result: Any, request: _Request, source: Offsets) -> list[Hypothesis]:
        convention, options = request.convention, request.options
        skipped = len(convention.target)
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
                rows = self._rows_of(attention[rank], skipped, len(pieces))
                matrix = _trim(rows, len(convention.prefix), len(source))
            hypotheses.append(Hypothesis(text, score, source, target, matrix))
        return hypotheses

    def _rows_of(
        self, attention: Sequence[Sequence[float]], skipped: int, count: int
    ) -> Sequence[Sequence[float]]:
        """The steps of decoding that align `count` pieces, after `skipped` forced tokens.

        Where the attention is a step late, an output that was cut off has none for its last piece,
        which then shares that of the one before.
        """
        rows = attention[skipped + self._shift :][:count]
        missing = count - len(rows)
        return [*rows, *[attention[-1]] * missing] if missing else rows

    def _flags(
        self,
        text: str,
        part: Part,
        result: Any,
        hypothesis: Hypothesis,
        request: _Request,
    ) -> tuple[str, ...]:
        pieces = _without_end(result.hypotheses[0])[len(request.convention.target) :]
        return find_flags(
            text,
            hypothesis.text,
            part.pieces,
            pieces,
            cut=len(pieces) >= self._output_limit(request.options),
            same_language=request.same_language,
        )

    def force(
        self, sources: Sequence[str], targets: Sequence[str], source: str, target: str
    ) -> list[Hypothesis]:
        """See `Translator.force`.

        The score is the average log-probability per token, the end-of-sentence token included.
        A pair longer than the model takes is not cut: it is flagged `length` and not scored.
        """
        convention = self._convention(source, target)
        source_texts, target_texts = list(sources), list(targets)
        if len(source_texts) != len(target_texts):
            raise ValueError(f"{len(source_texts)} sources, but {len(target_texts)} targets")
        source_pieces = self._codec.encode(source_texts)
        target_pieces = self._codec.encode_target(target_texts)
        source_offsets = self._codec.offsets(source_texts, source_pieces)
        limit = self.info.card.max_source_pieces
        results = [
            Hypothesis(text, 0.0, offsets, flags=("length",) if len(pieces) else ())
            for text, pieces, offsets in zip(
                target_texts, target_pieces, source_offsets, strict=True
            )
        ]
        wanted = [
            i
            for i, (own, other) in enumerate(zip(source_pieces, target_pieces, strict=True))
            if own and other and max(len(own), len(other)) + 4 <= limit
        ]
        for i in set(range(len(results))) - set(wanted):
            if not source_pieces[i] or not target_pieces[i]:
                results[i] = Hypothesis(target_texts[i], 0.0, source_offsets[i])
        forced = self._force(
            [source_pieces[i] for i in wanted], [target_pieces[i] for i in wanted], convention
        )
        for i, (score, attention) in zip(wanted, forced, strict=True):
            offsets = self._codec.offsets_target([target_texts[i]], [target_pieces[i]])[0]
            results[i] = Hypothesis(target_texts[i], score, source_offsets[i], offsets, attention)
        return results

    def _force(
        self, sources: list[list[str]], targets: list[list[str]], convention: _Convention
    ) -> Iterator[tuple[float, NDArray[np.float32] | None]]:
        """Score and attention of each pair of pieces, in order."""
        wrapped = [[*convention.prefix, *own, *convention.suffix] for own in sources]
        prefixes = [[*convention.target, *own] for own in targets]
        scored = self._translator.score_batch(
            wrapped,
            prefixes,
            max_batch_size=self._batch_tokens,
            batch_type="tokens",
            max_input_length=0,
            offset=len(convention.target),
            asynchronous=True,
        )
        attention = self._forced_attention(wrapped, prefixes) if self.has_alignment else {}
        for index, future in enumerate(scored):
            log_probs = self._wait(future).log_probs
            matrix = None
            if index in attention:
                rows = self._rows_of(
                    self._wait(attention[index]).attention[0],
                    len(convention.target),
                    len(targets[index]),
                )
                matrix = _trim(rows, len(convention.prefix), len(sources[index]))
            yield sum(log_probs) / max(1, len(log_probs)), matrix

    def _forced_attention(
        self, sources: list[list[str]], prefixes: list[list[str]]
    ) -> dict[int, Any]:
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
                max_decoding_length=length + self._shift,
                return_attention=True,
                return_end_token=True,
            )
            futures.update(zip(indices, pending, strict=True))
        return futures

    def _convention(self, source: str, target: str) -> _Convention:
        key = (source, target)
        if key not in self._conventions:
            self._conventions[key] = self._make_convention(source, target)
        return self._conventions[key]

    def _make_convention(self, source: str, target: str) -> _Convention:
        card, family = self.info.card, self.info.family
        codes = {
            "source": find_language(source, card.sources, card.name),
            "target": find_language(target, card.targets, card.name),
        }
        if not self.supports(source, target):
            raise UserError(
                f"the model {card.name} does not translate from {source} to {target}",
                choices=(f"{s} to {t}" for s, t in card.pairs or ()),
            )
        prompt = _find_prompt(card.prompts, source, target)
        if prompt is not None:
            return _Convention(self._codec.prefix(prompt), family.source_end, ())
        if not card.language_tokens:
            return _Convention((), family.source_end, card.opening)
        prefix: tuple[str, ...] = ()
        if family.opens_source is not None:
            prefix = (family.language_token(codes[family.opens_source]),)
        opening = (family.language_token(codes["target"]),) if family.opens_target else ()
        opening = (*card.opening, *opening)
        missing = [token for token in (*prefix, *opening) if token not in self._vocabulary]
        if missing:
            raise UserError(
                f"the model's vocabulary lacks the language token {missing[0]!r}",
                file=self.info.path,
            )
        return _Convention(prefix, family.source_end, opening)


def _find_prompt(prompts: dict[str, str], source: str, target: str) -> str | None:
    for pair, prompt in prompts.items():
        one, _, other = pair.partition(">")
        if same_language(one, source) and same_language(other, target):
            return prompt
    return None


def _windows(texts: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(texts), WINDOW):
        yield texts[at : at + WINDOW]


def _without_end(tokens: list[str]) -> list[str]:
    """The tokens without the end of the sentence, which is there where it was asked for."""
    return tokens[:-1] if tokens and tokens[-1] == EOS else tokens


def _trim(rows: Sequence[Sequence[float]], first: int, count: int) -> NDArray[np.float32]:
    """Attention without the columns of tokens that are no pieces."""
    matrix = np.array(rows, dtype=np.float32)
    if not len(matrix):
        return np.zeros((0, count), dtype=np.float32)
    return np.ascontiguousarray(matrix[:, first : first + count])


def _choose_device(device: str) -> str:
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"unknown device {device!r}", choices=("auto", "cpu", "cuda"))
    has_gpu = ctranslate2.get_cuda_device_count() > 0
    if device == "cuda" and not has_gpu:
        raise UserError("no CUDA device is to be seen", choices=("auto", "cpu"))
    if device == "auto":
        return "cuda" if has_gpu else "cpu"
    return device


def _compute_type(wanted: str, device: str) -> str:
    if wanted == "auto":
        return "default"
    supported = ctranslate2.get_supported_compute_types(device)
    if wanted not in supported:
        raise UserError(
            f"compute type {wanted!r} is not supported on this {device}",
            choices=("auto", *supported),
        )
    return wanted


def _check_options(options: DecodingOptions) -> None:
    if options.beam_size < 1 or options.max_decoding_length < 4:
        raise UserError("the beam must be at least 1 and the decoding length at least 4")
    if options.num_hypotheses > max(options.beam_size, 1) and options.sampling_topk == 1:
        raise UserError(
            f"{options.num_hypotheses} hypotheses need a beam of at least as many, "
            f"not {options.beam_size}"
        )
    if options.sampling_topk != 1 and options.beam_size != 1:
        raise UserError("sampling needs a beam of 1")


_engines: dict[tuple[Path, str, Hardware], Engine] = {}
_engines_lock = threading.Lock()


def shared_engine(info: ModelInfo, hardware: Hardware) -> Engine:
    """The process's one engine for this model on this hardware; made on the first call."""
    key = (info.path, info.content_hash, hardware)
    with _engines_lock:
        if key not in _engines:
            _engines[key] = Engine(info, hardware)
        return _engines[key]
