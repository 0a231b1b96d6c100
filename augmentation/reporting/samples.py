"""Samples of a run's rows for people to read: random, the least confident, the slowest."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpora.batches import batch_to_dropped, batch_to_rows
from corpora.records import DroppedRow, Row
from corpora.shards import ShardRef, read_batches, read_dropped

ShardReader = Callable[[ShardRef], Iterator[pa.RecordBatch]]
"""Reads the batches of a shard: its kept rows or its dropped ones."""


def sample_rows(refs: Sequence[ShardRef], count: int, seed: int = 0) -> list[Row]:
    """At most `count` kept rows of the shards `refs`, picked at random by `seed`, in order."""
    return [
        row for batch in _sample(refs, read_batches, count, seed) for row in batch_to_rows(batch)
    ]


def sample_dropped(refs: Sequence[ShardRef], count: int, seed: int = 0) -> list[DroppedRow]:
    """At most `count` dropped rows of the shards `refs`, picked at random by `seed`, in order."""
    picked = _sample(refs, read_dropped, count, seed)
    return [row for batch in picked for row in batch_to_dropped(batch)]


def _sample(
    refs: Sequence[ShardRef], read: ShardReader, count: int, seed: int
) -> Iterator[pa.RecordBatch]:
    total = sum(batch.num_rows for ref in refs for batch in read(ref))
    chosen = np.array(sorted(random.Random(seed).sample(range(total), min(count, total))), np.int64)
    at = 0
    for ref in refs:
        for batch in read(ref):
            here = chosen[(chosen >= at) & (chosen < at + batch.num_rows)] - at
            at += batch.num_rows
            if len(here):
                yield batch.take(pa.array(here))


def reservoir(rows: Iterable[Row], count: int, seed: int = 0) -> list[Row]:
    """At most `count` of `rows`, picked at random by `seed`, in order.

    `rows` are read once and only `count` of them are kept in memory (algorithm R: Vitter 1985,
    "Random Sampling with a Reservoir").
    """
    rng = random.Random(seed)
    kept: list[tuple[int, Row]] = []
    for number, row in enumerate(rows):
        if number < count:
            kept.append((number, row))
        elif (slot := rng.randint(0, number)) < count:
            kept[slot] = (number, row)
    return [row for _, row in sorted(kept, key=lambda pair: pair[0])]


def least_confident(
    refs: Sequence[ShardRef], count: int, *, by_spans: bool
) -> list[tuple[float, Row]]:
    """The `count` kept rows of the shards `refs` with the least confidence, least first.

    Each comes with its confidence: with `by_spans` the least among its spans (in [0, 1]; rows
    without spans are left out), else the translation's score (log-probability per token).
    """
    least: list[tuple[float, int, int, pa.RecordBatch]] = []
    for ref in refs:
        for batch in read_batches(ref):
            values = _span_confidence(batch) if by_spans else _scores(batch)
            order = np.argsort(values, kind="stable")[:count]
            for row in order[np.isfinite(values[order])].tolist():
                least.append((float(values[row]), ref.index, row, batch.slice(row, 1)))
        least = heapq.nsmallest(count, least, key=lambda item: item[:3])
    return [(value, batch_to_rows(batch)[0]) for value, _, _, batch in least]


def slowest(
    refs: Sequence[ShardRef], seconds: Callable[[ShardRef], float], count: int
) -> list[tuple[float, Row]]:
    """The `count` kept rows of the shards `refs` that took longest, longest first, with seconds.

    Rows are decoded together, so the time of a single row is not measured: the `seconds` of a shard
    are shared out among its kept rows by the characters of their texts and translations.
    """
    longest: list[tuple[float, int, int, pa.RecordBatch]] = []
    for ref in refs:
        batches = [(batch, _characters(batch)) for batch in read_batches(ref)]
        rate = seconds(ref) / max(1, sum(int(lengths.sum()) for _, lengths in batches))
        at = 0
        for batch, lengths in batches:
            for row in np.argsort(-lengths, kind="stable")[:count].tolist():
                longest.append(
                    (-rate * int(lengths[row]), ref.index, at + row, batch.slice(row, 1))
                )
            at += batch.num_rows
        longest = heapq.nsmallest(count, longest, key=lambda item: item[:3])
    return [(-value, batch_to_rows(batch)[0]) for value, _, _, batch in longest]


def _characters(batch: pa.RecordBatch) -> np.ndarray:
    total = np.zeros(batch.num_rows, np.int64)
    for name in ("source_text", "source_text_pair", "text", "text_pair"):
        lengths = pc.fill_null(pc.utf8_length(batch.column(name)), 0)
        total += lengths.to_numpy(zero_copy_only=False)
    return total


def _scores(batch: pa.RecordBatch) -> np.ndarray:
    values = batch.column("translation_score").to_numpy(zero_copy_only=False)
    return np.where(np.isnan(values), np.inf, values)


def _span_confidence(batch: pa.RecordBatch) -> np.ndarray:
    spans = batch.column("spans")
    lengths = np.diff(spans.offsets.to_numpy())
    values = np.full(batch.num_rows, np.inf)
    flat = spans.flatten().field("confidence").to_numpy(zero_copy_only=False)
    flat = np.where(np.isnan(flat), np.inf, flat)
    rows = np.flatnonzero(lengths)
    if len(rows):
        starts = np.concatenate([[0], np.cumsum(lengths[rows])[:-1]])
        values[rows] = np.minimum.reduceat(flat, starts)
    return values
