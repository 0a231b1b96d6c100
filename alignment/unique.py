"""Unique values of an array by hashing: several times faster than `numpy.unique`, which sorts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def unique_inverse(values: NDArray[Any]) -> Ints:
    """For every one of `values`, shape (n,), the number of its unique value, shape (n,).

    Unique values are numbered from 0 in order of their first occurrence.
    """
    return np.asarray(pa.array(values).dictionary_encode().indices.to_numpy(), dtype=np.int64)


def unique_with_inverse(values: Ints) -> tuple[Ints, Ints]:
    """The unique ones of `values`, ascending, and for every value its index among them.

    As `numpy.unique(values, return_inverse=True)`.
    """
    encoded = pa.array(values).dictionary_encode()
    unique = encoded.dictionary.to_numpy()
    order = np.argsort(unique)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return unique[order], rank[encoded.indices.to_numpy()]
