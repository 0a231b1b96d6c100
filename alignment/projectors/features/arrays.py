"""Sums and hashes of any run of a flat array by two look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Hashes = NDArray[np.uint64]

_BASE = np.uint64(0x9E3779B97F4A7C15)


class RunningSums:
    """Sums of runs of `values`, shape (n,): `sums(start, end)` adds `values[start:end]`."""

    def __init__(self, values: Floats) -> None:
        self._total = np.zeros(len(values) + 1)
        np.cumsum(values, out=self._total[1:])

    def __call__(self, start: Ints, end: Ints) -> Floats:
        """The sum of every run [start, end)."""
        return self._total[end] - self._total[start]


class RunHashes:
    """A polynomial rolling hash of every run of `numbers`, equal for equal runs.

    `exponents`, ascending, are the powers of the hash's base at which each number counts: 0, 1,
    2, ... unless given. Numbers that are 0 add nothing, so giving them the exponent of the next
    number leaves them out.
    """

    def __init__(self, numbers: Ints, exponents: Ints | None = None) -> None:
        count = len(numbers) + 1
        with np.errstate(over="ignore"):
            inverse = np.uint64(pow(int(_BASE), -1, 1 << 64))
            powers = _powers(_BASE, count)
            self._inverses = _powers(inverse, count)
            exponents = np.arange(len(numbers)) if exponents is None else exponents
            terms = scrambled(numbers) * powers[exponents]
            self._total = np.concatenate(
                [np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64)]
            )
        self._exponents = np.append(exponents, count - 1)

    def __call__(self, start: Ints, end: Ints) -> Hashes:
        """The hash of every run [start, end)."""
        with np.errstate(over="ignore"):
            difference = self._total[end] - self._total[start]
            return np.asarray(difference * self._inverses[self._exponents[start]], dtype=np.uint64)


def _powers(base: np.uint64, count: int) -> Hashes:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64)


def scrambled(numbers: Ints) -> Hashes:
    """`numbers` hashed by the finalizer of splitmix64, so that close ones differ much; 0 to 0."""
    x = numbers.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def concatenated(parts: Sequence[NDArray[Any]], kind: type = np.float64) -> NDArray[Any]:
    """All `parts` end to end, as an array of type `kind`; there may be none."""
    return np.concatenate([*parts, np.zeros(0, kind)]).astype(kind, copy=False)


def ranges(counts: Ints) -> Ints:
    """`range(count)` for each of `counts`, concatenated."""
    total = int(counts.sum())
    starts = np.cumsum(counts) - counts
    return np.arange(total) - np.repeat(starts, counts)
