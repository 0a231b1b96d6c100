"""The E step of one batch: how probable is each link, given the model?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alignment.words.statistical.bitext import Floats, Singles
from alignment.words.statistical.jumps import Jumps, make_jumps

TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Emissions:
    """A padded batch of sentence pairs as one direction sees it.

    `linked`, of shape (batch, given, generated), is the probability that the given word translates
    to the generated one; `unlinked`, of shape (batch, generated), that of the generated word
    without a partner. `valid`, shaped as `linked`, says which cells are no padding. `null` is the
    probability that a generated word has no partner.
    """

    linked: Singles
    unlinked: Singles
    valid: NDArray[np.bool_]
    null: float


@dataclass(frozen=True, slots=True)
class LinkProbabilities:
    """The E step's result: `linked` of shape (batch, given, generated), `unlinked` of shape
    (batch, generated), and expected jumps by width. Values at padding mean nothing."""

    linked: Singles
    unlinked: Singles
    jump_counts: Floats | None = None


def infer_mixture(batch: Emissions, diagonal: float) -> LinkProbabilities:
    """Link probabilities of a `batch` whose words are linked each by itself.

    Links near the diagonal are preferred, the more the greater `diagonal` is; this is the prior of
    fast_align (Dyer, Chahuneau & Smith 2013).
    """
    valid = batch.valid
    given, generated = (
        side.sum(axis=1, dtype=np.float32) for side in (valid[:, :, 0], valid[:, 0, :])
    )
    row = (np.arange(valid.shape[1], dtype=np.float32) + 0.5) / given[:, None]
    column = (np.arange(valid.shape[2], dtype=np.float32) + 0.5) / generated[:, None]
    distance = np.abs(row[:, :, None] - column[:, None, :])
    near = np.exp(-diagonal * distance) * valid
    near /= np.maximum(near.sum(axis=1, keepdims=True), TINY)
    linked = batch.linked * near * (1.0 - batch.null)
    unlinked = batch.null * batch.unlinked
    total = np.maximum(linked.sum(axis=1) + unlinked, TINY)
    return LinkProbabilities(linked / total[:, None, :], unlinked / total)


@dataclass(frozen=True, slots=True)
class _Forward:
    """Scaled forward probabilities of each position, of shape (generated, batch, given).

    `either` is the probability of the position, whether the word is linked or not, `linked` that
    of a link to it; `norm`, of shape (generated, batch, 1), is what they were divided by.
    """

    linked: Singles
    either: Singles
    norm: Singles


def infer_hmm(batch: Emissions, widths: Singles) -> LinkProbabilities:
    """Link probabilities of a `batch` under the HMM, by the scaled forward-backward algorithm.

    An unlinked word remembers the last position (Och & Ney 2003). Transitions are the jump
    `widths`, of shape (2 * max_jump + 1,), divided by what is within the sentence, so that the same
    jumps serve the whole batch.
    """
    inside = batch.valid[:, :, 0].astype(np.float32)
    jumps = make_jumps(widths, batch.linked.shape[1])
    leaving = np.maximum(jumps.back(inside), np.float32(TINY))
    scale = ((1.0 - batch.null) * inside / leaving).astype(np.float32)
    forward = _forward(batch, widths, jumps, scale)
    return _backward(batch, forward, jumps, scale)


def _forward(batch: Emissions, widths: Singles, jumps: Jumps, scale: Singles) -> _Forward:
    emit, null = batch.linked, batch.unlinked
    sentences, given, generated = emit.shape
    limit = len(widths) // 2
    start = widths[np.clip(np.arange(given) + 1, 0, limit) + limit]
    start = start * batch.valid[:, :, 0].astype(np.float32)
    start /= start.sum(axis=1, keepdims=True)
    linked = np.empty((generated, sentences, given), np.float32)
    either = np.empty((generated, sentences, given), np.float32)
    norm = np.empty((generated, sentences, 1), np.float32)
    ones = np.ones((given, 1), np.float32)
    for step in range(generated):
        if step:
            before = either[step - 1]
            here = jumps.ahead(before * scale) * emit[:, :, step]
        else:
            before = start
            here = start * (1.0 - batch.null) * emit[:, :, 0]
        both = here + before * (batch.null * null[:, step, None])
        total = np.maximum(both @ ones, TINY)
        linked[step], either[step], norm[step] = here / total, both / total, total
    return _Forward(linked, either, norm)


def _backward(
    batch: Emissions, forward: _Forward, jumps: Jumps, scale: Singles
) -> LinkProbabilities:
    emit, either, norm = batch.linked, forward.either, forward.norm
    sentences, given, generated = emit.shape
    ones = np.ones((given, 1), np.float32)
    after = np.ones((sentences, given), np.float32)
    result = np.empty((generated, sentences, given), np.float32)
    for step in range(generated - 1, -1, -1):
        result[step] = forward.linked[step] * after
        result[step] /= np.maximum((either[step] * after) @ ones, TINY)
        if step == 0:
            break
        message = emit[:, :, step] * after / norm[step]
        before = either[step - 1] * scale
        real = batch.valid[:, 0, step][:, None]
        padded = not real.all()
        jumps.count(before * real if padded else before, message)
        back = jumps.back(message) * scale
        back += batch.null * batch.unlinked[:, step, None] / norm[step] * after
        after = np.where(real, back, np.float32(1.0)) if padded else back
    unlinked = 1.0 - (result @ ones)[:, :, 0].T
    return LinkProbabilities(result.transpose(1, 2, 0), unlinked, jumps.counted())
