"""Translations as an Arrow table: one row per unique segment, with all that projection needs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augmentation.translation.segments import KEY_TYPE
from translators.protocol import Hypothesis

TRANSLATION_SCHEMA = pa.schema(
    [
        pa.field("key", KEY_TYPE, nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("translation", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("flags", pa.string(), nullable=False),
        pa.field("piece_count", pa.int32(), nullable=False),
        pa.field("source_pieces", pa.list_(pa.int32()), nullable=False),
        pa.field("target_pieces", pa.list_(pa.int32()), nullable=False),
        pa.field("attention", pa.list_(pa.float16())),
    ]
)
"""`flags` are joined with commas; `piece_count` is how many pieces the translation has, also where
none are listed; pieces are start, end, start, end, ...; `attention` is the matrix
(target pieces, source pieces) row by row."""


def translation_batch(
    keys: pa.Array, texts: pa.Array, hypotheses: Sequence[Hypothesis]
) -> pa.RecordBatch:
    """The translations (`hypotheses`) of the segments with `keys` and `texts`, in order."""
    columns = [
        keys,
        texts,
        pa.array([h.text for h in hypotheses], pa.string()),
        pa.array([h.score for h in hypotheses], pa.float64()),
        pa.array([",".join(h.flags) for h in hypotheses], pa.string()),
        pa.array([h.target_length for h in hypotheses], pa.int32()),
        _pieces([h.source_pieces for h in hypotheses]),
        _pieces([h.target_pieces for h in hypotheses]),
        _attention([h.attention for h in hypotheses]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=TRANSLATION_SCHEMA)


def is_consistent(table: pa.Table) -> bool:
    """Whether `table` has the schema of translations, and attention of the shape of its pieces."""
    if not table.schema.equals(TRANSLATION_SCHEMA):
        return False
    ends = [pc.list_value_length(table.column(name)) for name in ("source_pieces", "target_pieces")]
    source, target = (lengths.to_numpy() for lengths in ends)
    attention = pc.list_value_length(table.column("attention"))
    sizes = attention.fill_null(-1).to_numpy()
    shaped = (sizes == -1) | (sizes == (source // 2) * (target // 2))
    return bool(((source % 2 == 0) & (target % 2 == 0) & shaped).all())


def _pieces(values: Sequence[Sequence[tuple[int, int]]]) -> pa.ListArray:
    offsets = list(accumulate((2 * len(pieces) for pieces in values), initial=0))
    flat = chain.from_iterable(chain.from_iterable(values))
    numbers = np.fromiter(flat, np.int32, offsets[-1])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(numbers))


def _attention(values: Sequence[Any]) -> pa.Array:
    if all(matrix is None for matrix in values):
        return pa.nulls(len(values), pa.list_(pa.float16()))
    flat = [matrix.ravel() for matrix in values if matrix is not None]
    sizes = (0 if matrix is None else matrix.size for matrix in values)
    offsets = pa.array(list(accumulate(sizes, initial=0)), pa.int32())
    missing = [matrix is None for matrix in values]
    numbers = pa.array(np.concatenate(flat).astype(np.float16))
    mask = pa.array(missing, pa.bool_()) if any(missing) else None
    return pa.ListArray.from_arrays(offsets, numbers, mask=mask)


class Translations:
    """Translations by number, unpacked from a table once."""

    def __init__(self, table: pa.Table) -> None:
        # Attention is not put together: it may have more numbers than an Arrow list takes.
        batch = table.drop_columns("attention").combine_chunks()
        self.translations: list[str] = batch.column("translation").to_pylist()
        self.scores: list[float] = batch.column("score").to_pylist()
        self.flags: list[str] = batch.column("flags").to_pylist()
        self.piece_counts: list[int] = batch.column("piece_count").to_pylist()
        self._source = _Lists(batch.column("source_pieces"))
        self._target = _Lists(batch.column("target_pieces"))
        self._attention = _Matrices(table.column("attention"))

    def source_pieces(self, number: int) -> list[int]:
        """Starts and ends of the source pieces of translation `number`, one after the other."""
        return self._source[number]

    def target_pieces(self, number: int) -> list[int]:
        """Starts and ends of the target pieces of translation `number`, one after the other."""
        return self._target[number]

    def target_length(self, number: int) -> int:
        """How many target pieces of translation `number` are listed."""
        return self._target.length(number) // 2

    def attention(self, number: int) -> np.ndarray[Any, np.dtype[np.float32]] | None:
        """The attention of translation `number`, of shape (target pieces, source pieces), or
        None."""
        flat = self._attention[number]
        if flat is None:
            return None
        matrix: np.ndarray[Any, np.dtype[np.float32]] = flat.reshape(
            self.target_length(number), self._source.length(number) // 2
        )
        return matrix


def _chunk(column: pa.ChunkedArray) -> pa.ListArray:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


class _Lists:
    def __init__(self, column: pa.ChunkedArray) -> None:
        array = _chunk(column)
        self._offsets: list[int] = array.offsets.to_pylist()
        self._values: list[int] = array.values.to_pylist()

    def length(self, number: int) -> int:
        return self._offsets[number + 1] - self._offsets[number]

    def __getitem__(self, number: int) -> list[int]:
        return self._values[self._offsets[number] : self._offsets[number + 1]]


class _Matrices:
    def __init__(self, column: pa.ChunkedArray) -> None:
        self._ends = list(accumulate(map(len, column.chunks)))
        self._offsets = [chunk.offsets.to_pylist() for chunk in column.chunks]
        self._valid = [chunk.is_valid().to_pylist() for chunk in column.chunks]
        self._values = [chunk.values.to_numpy(zero_copy_only=False) for chunk in column.chunks]

    def __getitem__(self, number: int) -> Any:
        chunk = bisect_right(self._ends, number)
        number -= self._ends[chunk - 1] if chunk else 0
        if not self._valid[chunk][number]:
            return None
        begin, end = self._offsets[chunk][number : number + 2]
        return self._values[chunk][begin:end].astype(np.float32)
