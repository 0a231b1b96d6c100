"""From a matrix of similarities to links, or link probabilities, of both directions.

`argmax` and `itermax` are SimAlign's (Jalili Sabet et al. 2020), `softmax` and `transport`
AWESOME's (Dou & Neubig 2021): the links that both directions find likely, respectively entropic
optimal transport between the two sentences' pieces.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]

METHODS = ("argmax", "itermax", "softmax", "transport")
THRESHOLDS = {"softmax": 1e-3, "transport": 0.1}
"""Links are what is above in both directions; the other methods give links themselves."""
_ITERMAX_DISCOUNT = 0.9
_ITERMAX_ROUNDS = 2
_TRANSPORT_REGULARIZATION = 0.1
_TRANSPORT_ROUNDS = 50


def extract(method: str, source: Singles, target: Singles) -> tuple[Singles, Singles]:
    """Links of two texts' pieces by `method`, one of `METHODS`, forward and reverse.

    `source` and `target` are embeddings of shape (pieces, size); each result has shape (source
    pieces, target pieces).
    """
    if method == "softmax":
        return softmax_both(source @ target.T)
    similarity = _unit(source) @ _unit(target).T
    if method == "transport":
        return transport(similarity)
    links = argmax(similarity) if method == "argmax" else itermax(similarity)
    return links, links


def _unit(vectors: Singles) -> Singles:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norm, 1e-9), dtype=np.float32)


def argmax(similarity: Singles) -> Singles:
    """The links that are the best of their row and of their column of `similarity`.

    0 or 1, of shape (source pieces, target pieces), as `similarity` is.
    """
    links = np.zeros_like(similarity)
    if similarity.size:
        rows = np.arange(len(similarity))
        best = similarity.argmax(axis=1)
        mutual = similarity.argmax(axis=0)[best] == rows
        links[rows[mutual], best[mutual]] = 1.0
    return links


def itermax(similarity: Singles) -> Singles:
    """`argmax` of `similarity`, then again for unlinked pieces.

    Linked pieces may link again, at a discount.
    """
    links = argmax(similarity)
    for _ in range(_ITERMAX_ROUNDS - 1):
        rows = np.asarray(links.any(axis=1))[:, None]
        columns = np.asarray(links.any(axis=0))[None, :]
        if rows.all() or columns.all():
            break
        allowed = np.where(rows & columns, 0.0, np.where(rows | columns, _ITERMAX_DISCOUNT, 1.0))
        further = argmax((similarity + 1.0) * allowed) * (allowed > 0)
        if not (further > links).any():
            break
        links = np.maximum(links, further)
    return links


def softmax_both(similarity: Singles) -> tuple[Singles, Singles]:
    """Softmax of `similarity` over source pieces (columns sum to 1) and over target pieces."""
    if not similarity.size:
        return similarity, similarity
    down = np.exp(similarity - similarity.max(axis=0, keepdims=True))
    across = np.exp(similarity - similarity.max(axis=1, keepdims=True))
    return down / down.sum(axis=0, keepdims=True), across / across.sum(axis=1, keepdims=True)


def transport(similarity: Singles) -> tuple[Singles, Singles]:
    """Entropic optimal transport of one sentence's pieces onto the other's, by `similarity`.

    The plan, by Sinkhorn's algorithm, is scaled so that columns sum to 1, and so that rows do.
    """
    if not similarity.size:
        return similarity, similarity
    kernel = np.exp((similarity.astype(np.float64) - 1.0) / _TRANSPORT_REGULARIZATION)
    rows, columns = similarity.shape
    left, right = np.ones(rows), np.ones(columns)
    for _ in range(_TRANSPORT_ROUNDS):
        left = (1.0 / rows) / np.maximum(kernel @ right, 1e-300)
        right = (1.0 / columns) / np.maximum(kernel.T @ left, 1e-300)
    plan = left[:, None] * kernel * right[None, :]
    forward = plan / np.maximum(plan.sum(axis=0, keepdims=True), 1e-300)
    reverse = plan / np.maximum(plan.sum(axis=1, keepdims=True), 1e-300)
    return forward.astype(np.float32), reverse.astype(np.float32)
