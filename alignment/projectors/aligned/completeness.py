"""Filters that drop a placement whose words have partners outside it, or none."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.aligned.placement import Placement, word_range
from alignment.protocol import Posteriors, ProjectionInput, WordPair

COMPLETENESS = ("source", "target", "instance")
_LEAST_LINKED = 0.2
"""Least mean probability of a link for a word to have a partner."""


def keep_complete(
    filters: Set[str],
    row: ProjectionInput,
    pair: WordPair,
    soft: Posteriors,
    placements: list[Placement],
) -> list[Placement]:
    """`placements` of the spans of `row`, those that `filters` drop with reason `incomplete`.

    `filters` are names in `COMPLETENESS`: `source` gives a span up unless each of its words has a
    partner inside the target span, `target` unless each target word has a partner inside the source
    span, `instance` gives up all spans of a row when one could not be placed. `pair` and `soft` are
    the row's words and their soft alignment.
    """
    if filters & {"source", "target"}:
        spans = [word_range(pair, span.start, span.end) for span in row.spans]
        placements = [
            p if p.reason or _is_complete(filters, pair, soft, span, p) else _give_up(p)
            for span, p in zip(spans, placements, strict=True)
        ]
    if "instance" in filters and any(p.reason for p in placements):
        placements = [p if p.reason else _give_up(p) for p in placements]
    return placements


def _give_up(placement: Placement) -> Placement:
    return Placement(0, 0, placement.confidence, "incomplete")


def _is_complete(
    filters: Set[str],
    pair: WordPair,
    soft: Posteriors,
    span: tuple[int, int],
    placement: Placement,
) -> bool:
    source, target = slice(*span), slice(placement.start, placement.end)
    mean = (soft.forward[source, target] + soft.reverse[source, target]) / 2
    complete = True
    if "source" in filters:
        words = pair.source.strings()[source]
        complete &= _covered(words, mean.max(axis=1) if mean.size else np.zeros(len(words)))
    if "target" in filters:
        words = pair.target.strings()[target]
        complete &= _covered(words, mean.max(axis=0) if mean.size else np.zeros(len(words)))
    return complete


def _covered(words: Sequence[str], best: NDArray[Any]) -> bool:
    """Whether every word has a partner; punctuation needs none."""
    return all(
        value >= _LEAST_LINKED or not any(map(str.isalnum, word))
        for word, value in zip(words, best.tolist(), strict=True)
    )
