"""Processes that make examples ahead of training, or this one where there are none."""

from __future__ import annotations

import hashlib
import multiprocessing
import multiprocessing.connection
import os
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import sentencepiece

from translators.training.config import TrainingConfig
from translators.training.data import TrainingData
from translators.training.examples import Example, ExampleMaker
from translators.training.interruption import blocked
from translators.training.inventory import Inventory
from translators.training.words import SentencePair


class _Worker:
    """What a process needs to make examples; built once per process."""

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
        """The inventory of an even sample of the pairs in that `language`."""
        rows = np.flatnonzero(np.array(self.language) == language)
        rows = rows[np.random.default_rng(0).permutation(len(rows))[:60_000]]
        return Inventory.collect(self.pairs(np.sort(rows)), data.split_words)

    def pairs(self, rows: np.ndarray) -> Iterator[SentencePair]:
        columns = self.table.select(["source", "target", "links"]).take(pa.array(rows))
        for source, target, links in zip(
            *(columns.column(name).to_pylist() for name in ("source", "target", "links")),
            strict=True,
        ):
            flat = iter(links or ())
            yield SentencePair(source, target, tuple(zip(flat, flat, strict=True)))

    def examples(self, pool: np.ndarray) -> list[Example]:
        """`pool` has a row (pair, reverse, epoch, position) for each example to make."""
        examples = []
        for pair, (row, reverse, epoch, position) in zip(
            self.pairs(pool[:, 0]), pool.tolist(), strict=True
        ):
            key = hashlib.blake2b(
                f"{self.seed}/{epoch}/{position}/{row}/{reverse}".encode(), digest_size=8
            ).digest()
            rng = random.Random(int.from_bytes(key))
            language = self.language[row]
            tag = self.data.backward_tag if reverse else self.data.forward_tags.get(language)
            examples.append(self.makers[language].make(pair, tag, bool(reverse), rng))
        return examples


_worker: _Worker | None = None
_QUIET = "ignore:resource_tracker:UserWarning"
"""Where a trainer is ended at once, multiprocessing clears up after it, and need not say so."""


@contextmanager
def make_examples(
    data: TrainingData, config: TrainingConfig, workers: int, pools: Iterator[np.ndarray]
) -> Iterator[Iterator[list[Example]]]:
    """The examples of each of `pools` (rows as `BatchStream` numbers them) of `data`, in order.

    They are made as `config` says by `workers` processes, ahead of time; by this one with 0.
    """
    if workers == 0:
        _start_worker(data, config)
        yield (_make_pool(rows) for rows in pools)
        return
    if _QUIET not in sys.warnoptions:  # they are passed on to new processes
        sys.warnoptions.append(_QUIET)
    with ProcessPoolExecutor(
        workers,
        # A fork of a process whose threads hold locks may hang.
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(data, config),
    ) as executor:
        yield _ahead(executor, pools, workers + 1)


def _ahead(
    executor: ProcessPoolExecutor, pools: Iterator[np.ndarray], depth: int
) -> Iterator[list[Example]]:
    waiting: list[Future[list[Example]]] = []
    while True:
        while len(waiting) < depth:
            pool = next(pools)
            with blocked():  # Ctrl-C is heeded by the trainer alone
                waiting.append(executor.submit(_make_pool, pool))
        yield waiting.pop(0).result()


def _start_worker(data: TrainingData, config: TrainingConfig) -> None:
    global _worker
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A trainer that was killed cannot stop its workers.
        threading.Thread(target=_exit_with, args=(parent.sentinel,), daemon=True).start()
    _worker = _Worker(data, config)


def _exit_with(sentinel: int) -> None:
    """End this process when the one of `sentinel` has ended."""
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _make_pool(pool: np.ndarray) -> list[Example]:
    if _worker is None:
        raise RuntimeError("the worker was not started")
    return _worker.examples(pool)
