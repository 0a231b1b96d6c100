"""The endless, repeatable stream of batches: a function of (data, configuration, position)."""

from __future__ import annotations

import hashlib
import multiprocessing
import multiprocessing.connection
import os
import random
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import sentencepiece
import torch
from torch import Tensor

from corpora.errors import UserError
from translators.training.config import TrainingConfig, padded_width
from translators.training.examples import (
    Example,
    ExampleMaker,
    Inventory,
    SentencePair,
    WordSplitter,
)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Where the examples come from.

    `bitext` is an Arrow IPC file with the columns `source`, `target` (string), `links`
    (list<int16>: flattened pairs of word indices), `direction` (`both`, `forward`, `backward`),
    `weight` (float: times seen in an epoch) and `target_lang`. `forward_tags` has, by target
    language, the piece that opens a source to be translated into it, where there is one;
    `backward_tag` is that of the bitext's source language, None trains one way only.
    """

    bitext: Path
    subwords: Path
    split_words: WordSplitter
    """An importable function: worker processes make the examples."""
    forward_tags: Mapping[str, str] = field(default_factory=dict)
    backward_tag: str | None = None
    markers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids and the links as flat indices.

    `source` (b, w), `target` (b, w) with end of sentence, `decoder_input` (b, w) shifted right;
    `link_rows`, `link_targets`, `link_sources`, `link_weights` (n,): the weights of one target
    piece sum to 1.
    """

    source: Tensor
    source_lengths: Tensor
    decoder_input: Tensor
    target: Tensor
    target_mask: Tensor
    link_rows: Tensor
    link_targets: Tensor
    link_sources: Tensor
    link_weights: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


class _Worker:
    """What a process needs to make pools; built once a process."""

    def __init__(self, data: TrainingData, config: TrainingConfig) -> None:
        self.table = pa.ipc.open_file(pa.memory_map(str(data.bitext))).read_all()
        processor = sentencepiece.SentencePieceProcessor(model_file=str(data.subwords))
        self.language = self.table.column("target_lang").to_pylist()
        self.makers = {
            language: ExampleMaker(
                processor,
                data.split_words,
                config.noise,
                self._inventory(data, language),
                data.markers,
            )
            for language in sorted(set(self.language))
        }
        self.data = data
        self.seed = config.seed

    def _inventory(self, data: TrainingData, language: str) -> Inventory:
        """What an even sample of the pairs in that language says about words."""
        rows = np.flatnonzero(np.array(self.language) == language)
        rows = rows[np.random.default_rng(0).permutation(len(rows))[:60_000]]
        return Inventory.collect(self.pairs(np.sort(rows)), data.split_words)

    def pairs(self, rows: np.ndarray) -> Iterator[SentencePair]:
        taken = self.table.select(["source", "target", "links"]).take(pa.array(rows))
        for source, target, links in zip(
            *(taken.column(name).to_pylist() for name in ("source", "target", "links")),
            strict=True,
        ):
            flat = iter(links or ())
            yield SentencePair(source, target, tuple(zip(flat, flat, strict=True)))

    def examples(self, pool: np.ndarray) -> list[Example]:
        """`pool` has a row (pair, reverse, epoch, position) for each example to make."""
        made = []
        for pair, (row, reverse, epoch, position) in zip(
            self.pairs(pool[:, 0]), pool.tolist(), strict=True
        ):
            key = hashlib.blake2b(
                f"{self.seed}/{epoch}/{position}/{row}/{reverse}".encode(), digest_size=8
            ).digest()
            rng = random.Random(int.from_bytes(key))
            language = self.language[row]
            tag = self.data.backward_tag if reverse else self.data.forward_tags.get(language)
            made.append(self.makers[language].make(pair, tag, bool(reverse), rng))
        return made


_worker: _Worker | None = None


def _start_worker(data: TrainingData, config: TrainingConfig) -> None:
    global _worker
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A trainer that was killed cannot tell its workers to stop.
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()
    _worker = _Worker(data, config)


def _die_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _make_pool(pool: np.ndarray) -> list[Example]:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.examples(pool)


class BatchStream:
    """Batches from any position on: position (pool, batch) names the next batch."""

    def __init__(self, data: TrainingData, config: TrainingConfig, workers: int, pad: int) -> None:
        table = pa.ipc.open_file(pa.memory_map(str(data.bitext))).read_all()
        self._directions = np.array(table.column("direction").to_pylist())
        self._weights = table.column("weight").to_numpy().astype(np.float64)
        self._bidirectional = data.backward_tag is not None
        self._data = data
        self._config = config
        self._workers = workers
        self._pad = pad

    def _epoch(self, epoch: int) -> np.ndarray:
        """Rows (pair, reverse, epoch, position), shuffled; a pair of weight 1.5 stands in an
        epoch once or twice."""
        rng = np.random.default_rng([self._config.seed, epoch])
        count = len(self._weights)
        parts = []
        backward = self._config.backward_weight if self._bidirectional else 0.0
        ways = ((0, 1.0, ("both", "forward")), (1, backward, ("both", "backward")))
        for reverse, factor, allowed in ways:
            times = np.floor(factor * self._weights + rng.random(count)).astype(np.int64)
            times[~np.isin(self._directions, allowed)] = 0
            rows = np.repeat(np.arange(count), times)
            parts.append(np.stack([rows, np.full(len(rows), reverse)], axis=1))
        rows = np.concatenate(parts)
        rng.shuffle(rows)
        numbered = np.empty((len(rows), 4), dtype=np.int64)
        numbered[:, :2] = rows
        numbered[:, 2] = epoch
        numbered[:, 3] = np.arange(len(rows))
        return numbered

    def _pools(self, first: int) -> Iterator[np.ndarray]:
        """The pools from number `first` on; an epoch's last pool is shorter."""
        size, number, epoch = self._config.pool_examples, 0, 0
        while True:
            rows = self._epoch(epoch)
            if not len(rows):
                raise UserError("there is no sentence pair to train on")
            for start in range(0, len(rows), size):
                if number >= first:
                    yield rows[start : start + size]
                number += 1
            epoch += 1

    def batches(self, pool: int, batch: int) -> Generator[tuple[int, int, Batch], None, None]:
        """Yields (pool, batch, `Batch`) from the given position on, without end."""
        pools = self._pools(pool)
        if self._workers == 0:
            _start_worker(self._data, self._config)
            made: Iterator[list[Example]] = (_make_pool(rows) for rows in pools)
            yield from self._cut_all(made, pool, batch)
            return
        with ProcessPoolExecutor(
            self._workers,
            # A fork of a process whose threads hold locks may hang.
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(self._data, self._config),
        ) as executor:
            yield from self._cut_all(_ahead(executor, pools, self._workers + 1), pool, batch)

    def _cut_all(
        self, made: Iterator[list[Example]], pool: int, batch: int
    ) -> Iterator[tuple[int, int, Batch]]:
        without = 0
        for number, examples in enumerate(made, pool):
            groups = self._cut(examples, number)
            without = 0 if groups else without + len(examples)
            if without and without >= len(self._epoch(0)):
                raise UserError(
                    f"every sentence pair has more than max_pieces {self._config.max_pieces}"
                )
            for index in range(batch if number == pool else 0, len(groups)):
                yield number, index, collate(groups[index], self._pad)

    def _cut(self, examples: list[Example], number: int) -> list[list[Example]]:
        """Batches of examples of like length, in random order; all but the last full.

        What is left of a width joins the next wider one.
        """
        config = self._config
        by_width: dict[int, list[Example]] = {}
        for example in examples:
            if len(example) <= config.max_pieces:
                by_width.setdefault(padded_width(len(example)), []).append(example)
        groups: list[list[Example]] = []
        waiting: list[Example] = []
        for width, here in sorted(by_width.items()):
            waiting += here
            rows = max(1, config.batch_tokens // width)
            while len(waiting) >= rows:
                groups.append(waiting[:rows])
                waiting = waiting[rows:]
        if waiting:
            groups.append(waiting)
        random.Random(f"{config.seed}/{number}").shuffle(groups)
        return groups


def _ahead(
    executor: ProcessPoolExecutor, pools: Iterator[np.ndarray], depth: int
) -> Iterator[list[Example]]:
    waiting: list[Future[list[Example]]] = []
    while True:
        while len(waiting) < depth:
            waiting.append(executor.submit(_make_pool, next(pools)))
        yield waiting.pop(0).result()


def _pad_ids(rows: Sequence[Sequence[int]], pad: int, width: int) -> np.ndarray:
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    return ids


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Pad `examples` into one batch; the decoder starts from `pad`."""
    width = padded_width(max(len(e) for e in examples))
    target = _pad_ids([e.target for e in examples], pad, width)
    decoder_input = np.full_like(target, pad)
    decoder_input[:, 1:] = target[:, :-1]
    links = np.array(
        [(row, t, s) for row, e in enumerate(examples) for t, s in e.links], dtype=np.int64
    ).reshape(-1, 3)
    key = links[:, 0] * target.shape[1] + links[:, 1]
    counts = np.bincount(key, minlength=1)
    weights = (1.0 / counts[key]).astype(np.float32) if len(key) else np.zeros(0, np.float32)
    return Batch(
        source=torch.from_numpy(_pad_ids([e.source for e in examples], pad, width)),
        source_lengths=torch.tensor([len(e.source) for e in examples]),
        decoder_input=torch.from_numpy(decoder_input),
        target=torch.from_numpy(target),
        target_mask=torch.from_numpy(target != pad),
        link_rows=torch.from_numpy(links[:, 0].copy()),
        link_targets=torch.from_numpy(links[:, 1].copy()),
        link_sources=torch.from_numpy(links[:, 2].copy()),
        link_weights=torch.from_numpy(weights),
    )
