"""Parallel corpora read as tables of sentence pairs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import polars as pl

from augmentation.train_translator.config import BitextSource
from corpora.bitext import BitextPair, read_bitext

BATCH_PAIRS = 20_000


def read_frames(corpus: BitextSource, source: str, target: str) -> Iterator[pl.DataFrame]:
    """The pairs of `corpus` in tables of `BATCH_PAIRS` rows; `source` and `target` are its
    languages.

    Columns are those of `corpora.bitext.BITEXT_SCHEMA`, and `machine`, the side that a machine made
    (`source`, `target` or empty).
    """
    pairs = read_bitext(corpus.bitext(), source, target)
    while batch := list(itertools.islice(pairs, BATCH_PAIRS)):
        yield pl.DataFrame(
            {
                "source": [p.source for p in batch],
                "target": [p.target for p in batch],
                "origin": [corpus.name or p.origin for p in batch],
                "line": [p.line for p in batch],
                "machine": [p.machine for p in batch],
                "direction": [_direction(p, corpus) for p in batch],
                "weight": [corpus.weight] * len(batch),
                "target_lang": [target] * len(batch),
            }
        )


def _direction(pair: BitextPair, corpus: BitextSource) -> str:
    if corpus.directions == "both" or not pair.machine:
        return "both"
    return "forward" if pair.machine == "target" else "backward"
