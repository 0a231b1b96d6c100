"""Distinct numbers of an array, by hashing: several times as quick as sorting them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def groups(values: NDArray[Any]) -> Ints:
    """A number from 0 for each value, the same for the same values, in order of first sight."""
    return np.asarray(pa.array(values).dictionary_encode().indices.to_numpy(), dtype=np.int64)


def distinct(values: Ints) -> tuple[Ints, Ints]:
    """The distinct values, ascending, and for each value its place among them."""
    encoded = pa.array(values).dictionary_encode()
    found = encoded.dictionary.to_numpy()
    order = np.argsort(found)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return found[order], place[encoded.indices.to_numpy()]
