"""Symmetrization: one set of links from two directional alignments, and links from weights.

`grow-diag` and `grow-diag-final-and` follow Koehn, Och & Marcu (2003) as Moses implements them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from alignment.limits import MAX_CELLS, no_links
from alignment.protocol import Posteriors, WordAlignment
from corpora.errors import UserError

Link = tuple[int, int]
_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def intersection(forward: Iterable[Link], reverse: Iterable[Link]) -> set[Link]:
    """Links that both directions, `forward` and `reverse`, have."""
    return set(forward) & set(reverse)


def union(forward: Iterable[Link], reverse: Iterable[Link]) -> set[Link]:
    """Links that either direction, `forward` or `reverse`, has."""
    return set(forward) | set(reverse)


def grow_diag(forward: Iterable[Link], reverse: Iterable[Link]) -> set[Link]:
    """The intersection of `forward` and `reverse`, grown into their union.

    A link is added next to another, also diagonally, if one of its words has no link yet.
    """
    forward, reverse = set(forward), set(reverse)
    links, every = forward & reverse, forward | reverse
    rows, columns = {i for i, _ in links}, {j for _, j in links}
    grown = True
    while grown:
        grown = False
        for i, j in sorted(links):
            for down, right in _NEIGHBOURS:
                link = (i + down, j + right)
                if link in links or link not in every:
                    continue
                if link[0] not in rows or link[1] not in columns:
                    links.add(link)
                    rows.add(link[0])
                    columns.add(link[1])
                    grown = True
    return links


def grow_diag_final_and(forward: Iterable[Link], reverse: Iterable[Link]) -> set[Link]:
    """`grow_diag`, then links of `forward` and of `reverse` both of whose words have none yet."""
    forward, reverse = set(forward), set(reverse)
    links = grow_diag(forward, reverse)
    rows, columns = {i for i, _ in links}, {j for _, j in links}
    for side in (forward, reverse):
        for i, j in sorted(side):
            if i not in rows and j not in columns:
                links.add((i, j))
                rows.add(i)
                columns.add(j)
    return links


SYMMETRIZATIONS: dict[str, Callable[[Iterable[Link], Iterable[Link]], set[Link]]] = {
    "intersection": intersection,
    "union": union,
    "grow-diag": grow_diag,
    "grow-diag-final-and": grow_diag_final_and,
}


def weighted(posteriors: Posteriors) -> NDArray[np.float32]:
    """The mean of both directions of `posteriors`, shape (source, target) words."""
    return np.asarray((posteriors.forward + posteriors.reverse) / 2, dtype=np.float32)


def links_from_posteriors(
    posteriors: Posteriors, threshold: float = 0.5, method: str = "weighted"
) -> WordAlignment:
    """Links, with weights, from the soft alignment `posteriors`.

    The `method` `weighted` keeps links with a mean probability of at least `threshold`; any name
    of `SYMMETRIZATIONS` joins each direction's most probable links. Raises `UserError` for another.
    A pair of more than `MAX_CELLS` word pairs has no links.
    """
    if method != "weighted" and method not in SYMMETRIZATIONS:
        choices = ("weighted", *SYMMETRIZATIONS)
        raise UserError(f"unknown symmetrization '{method}'", choices=choices)
    if posteriors.forward.size > MAX_CELLS:
        return WordAlignment(np.zeros((0, 2), np.int32), np.zeros(0, np.float32))
    mean = weighted(posteriors)
    if method == "weighted":
        rows, columns = np.nonzero(mean >= max(threshold, 1e-6))
        links = np.stack([rows, columns], axis=1).astype(np.int32)
    else:
        joined = sorted(SYMMETRIZATIONS[method](*best_links(posteriors)))
        links = np.array(joined, dtype=np.int32).reshape(-1, 2)
    weights = np.clip(mean[links[:, 0], links[:, 1]], 1e-6, 1.0)
    return WordAlignment(links, weights.astype(np.float32))


def best_links(posteriors: Posteriors) -> tuple[set[Link], set[Link]]:
    """The links of each direction of `posteriors`: every word's most probable partner.

    A word whose having no partner is more probable gets none. The first set has at most one link
    per target word, the second at most one per source word.
    """
    forward, reverse = posteriors.forward, posteriors.reverse
    if 0 in forward.shape:
        return set(), set()
    source = forward.argmax(axis=0)
    target = reverse.argmax(axis=1)
    unlinked = 1.0 - forward.sum(axis=0), 1.0 - reverse.sum(axis=1)
    first = {(int(i), j) for j, i in enumerate(source) if forward[i, j] > max(unlinked[0][j], 1e-6)}
    second = {
        (i, int(j)) for i, j in enumerate(target) if reverse[i, j] > max(unlinked[1][i], 1e-6)
    }
    return first, second


def posteriors_from_links(alignment: WordAlignment, sources: int, targets: int) -> Posteriors:
    """The weighted links of `alignment` as probabilities, which a word's several links share.

    `sources` and `targets` are the numbers of words of both sides. Where they make more than
    `MAX_CELLS` word pairs there are none.
    """
    if sources * targets > MAX_CELLS:
        return no_links(sources, targets)
    matrix = np.zeros((sources, targets), dtype=np.float32)
    matrix[alignment.links[:, 0], alignment.links[:, 1]] = alignment.weights
    return posteriors_from_matrix(matrix)


def posteriors_from_matrix(matrix: NDArray[np.float32]) -> Posteriors:
    """Link weights as probabilities, scaled down where a word's sum to over 1.

    `matrix` has values in [0, 1] and shape (source, target) words.
    """
    forward = matrix / np.maximum(matrix.sum(axis=0, keepdims=True), 1.0)
    reverse = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1.0)
    return Posteriors(forward, reverse)
