"""Moves of an HMM from one position of the given sentence to the next, by their width."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from alignment.words.statistical.bitext import Floats, Singles

_DENSE_POSITIONS = 256
"""Words of a sentence up to which a matrix of all moves is faster than windows and sums."""


class Jumps(Protocol):
    """Moves between the positions of a batch's given sentences; `weights` are by position, shape
    (batch, given)."""

    def ahead(self, weights: Singles) -> Singles:
        """What arrives at each position when `weights` leave theirs, shape (batch, given)."""
        ...

    def back(self, weights: Singles) -> Singles:
        """What each position gets from the `weights` of those it leads to, shape as given."""
        ...

    def count(self, before: Singles, after: Singles) -> None:
        """Count moves, by the products of the weights `before` and `after` them."""
        ...

    def counted(self) -> Floats:
        """How often each width was taken, shape (2 * max_jump + 1,)."""
        ...


def make_jumps(widths: Singles, given: int) -> Jumps:
    """Moves between `given` positions, whichever way of computing them is faster.

    `widths` are the weights of the jump widths from -max_jump to max_jump; the outermost are for
    all that are wider.
    """
    return (_DenseJumps if given <= _DENSE_POSITIONS else _WindowedJumps)(widths, given)


class _DenseJumps:
    """`Jumps` by a matrix of all moves."""

    def __init__(self, widths: Singles, given: int) -> None:
        limit = len(widths) // 2
        width = np.arange(given)[None, :] - np.arange(given)[:, None]
        self._width = np.clip(width, -limit, limit) + limit
        self._jump = widths[self._width]
        self._moves = np.zeros((given, given), np.float32)
        self._widths = len(widths)

    def ahead(self, weights: Singles) -> Singles:
        result: Singles = weights @ self._jump
        return result

    def back(self, weights: Singles) -> Singles:
        result: Singles = weights @ self._jump.T
        return result

    def count(self, before: Singles, after: Singles) -> None:
        self._moves += before.T @ after

    def counted(self) -> Floats:
        moves = (self._moves * self._jump).ravel()
        return np.bincount(self._width.ravel(), moves, self._widths).astype(np.float64)


class _WindowedJumps:
    """`Jumps` for long sentences, at a cost that grows with the words and not with their square:
    near positions by windows, the far ones, which weigh alike, by running sums."""

    def __init__(self, widths: Singles, given: int) -> None:
        self._widths = widths
        self._limit = len(widths) // 2
        self._counts = np.zeros(len(widths))

    def ahead(self, weights: Singles) -> Singles:
        return self._reached(weights) @ self._widths[::-1]

    def back(self, weights: Singles) -> Singles:
        return self._reached(weights) @ self._widths

    def count(self, before: Singles, after: Singles) -> None:
        self._counts += np.einsum("bi,biw->w", before, self._reached(after))

    def counted(self) -> Floats:
        return self._counts * self._widths

    def _reached(self, weights: Singles) -> Singles:
        """The weights at every width from every position, shape (batch, given, widths); at both
        ends the sum of all that are as far or farther."""
        limit = self._limit
        padded = np.pad(weights, ((0, 0), (limit, limit)))
        result = np.lib.stride_tricks.sliding_window_view(padded, 2 * limit + 1, axis=1).copy()
        sums = np.cumsum(padded, axis=1, dtype=np.float64)
        given = weights.shape[1]
        result[:, :, 0] = sums[:, :given]
        result[:, :, -1] = sums[:, -1:] - sums[:, 2 * limit - 1 : -1]
        return result
