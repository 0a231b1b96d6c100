"""The endless, repeatable stream of batches: a function of (data, configuration, position)."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator

import numpy as np
import pyarrow as pa

from corpora.errors import UserError
from translators.training.batches import Batch, collate
from translators.training.config import TrainingConfig, padded_width
from translators.training.data import TrainingData
from translators.training.examples import Example
from translators.training.workers import make_examples


class BatchStream:
    """Batches from any position on: position (pool, batch) names the next batch."""

    def __init__(self, data: TrainingData, config: TrainingConfig, workers: int, pad: int) -> None:
        """Batches of `data` as `config` says, padded with the id `pad`.

        `workers` processes make the examples, 0 makes them in this one.
        """
        table = pa.ipc.open_file(pa.memory_map(str(data.bitext))).read_all()
        self._directions = np.array(table.column("direction").to_pylist())
        self._weights = table.column("weight").to_numpy().astype(np.float64)
        self._bidirectional = data.backward_tag is not None
        self._data = data
        self._config = config
        self._workers = workers
        self._pad = pad

    def _epoch(self, epoch: int) -> np.ndarray:
        """Rows (pair, reverse, epoch, position), shuffled; a pair of weight 1.5 is in an
        epoch once or twice."""
        rng = np.random.default_rng([self._config.seed, epoch])
        count = len(self._weights)
        parts = []
        backward = self._config.backward_weight if self._bidirectional else 0.0
        directions = ((0, 1.0, ("both", "forward")), (1, backward, ("both", "backward")))
        for reverse, factor, allowed in directions:
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
        """Yields (pool, batch, `Batch`) from the position (`pool`, `batch`) on, without end.

        Raises `UserError` where there is nothing to train on.
        """
        pools = self._pools(pool)
        with make_examples(self._data, self._config, self._workers, pools) as examples:
            yield from self._cut_all(examples, pool, batch)

    def _cut_all(
        self, pools: Iterator[list[Example]], pool: int, batch: int
    ) -> Iterator[tuple[int, int, Batch]]:
        left_out = 0
        for number, examples in enumerate(pools, pool):
            groups = self._cut(examples, number)
            left_out = 0 if groups else left_out + len(examples)
            if left_out and left_out >= len(self._epoch(0)):
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
        for width, same_width in sorted(by_width.items()):
            waiting += same_width
            rows = max(1, config.batch_tokens // width)
            while len(waiting) >= rows:
                groups.append(waiting[:rows])
                waiting = waiting[rows:]
        if waiting:
            groups.append(waiting)
        random.Random(f"{config.seed}/{number}").shuffle(groups)
        return groups
