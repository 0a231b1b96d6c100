"""Dev sets: sentence pairs to measure a model on, while it is trained and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from augmentation.train_translator.config import BitextSource, TrainTranslatorConfig
from augmentation.train_translator.read import read_frames
from corpora.fingerprint import content_id
from filters.normalisation import normalise


@dataclass(frozen=True, slots=True)
class DevPairs:
    """A dev set."""

    name: str
    """That of its corpus."""
    target: str
    """Language of `targets`."""
    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DevDirection:
    """A dev set as it is translated in one direction of the model."""

    test_set: str
    source: str
    target: str
    tag: str | None
    """The piece that opens a source text; None where the model needs none."""
    sources: tuple[str, ...]
    references: tuple[str, ...]

    @property
    def direction(self) -> str:
        """`en-de`."""
        return f"{self.source}-{self.target}"

    @property
    def name(self) -> str:
        """What reports call it: `news.en-de`."""
        return f"{self.test_set}.{self.direction}"


def read_dev(corpus: BitextSource, source: str, target: str, limit: int) -> DevPairs:
    """The dev set `corpus` from `source` to `target` (or its own target), normalised as the
    training bitext is.

    Of a corpus with more than `limit` pairs, those are taken whose content hash is lowest: an
    even draw that another order of lines does not change.
    """
    target = corpus.target or target
    frames = [
        frame.select(normalise(pl.col("source")), normalise(pl.col("target")))
        for frame in read_frames(corpus, source, target)
    ]
    rows = [row for row in pl.concat(frames).rows() if all(row)]
    if len(rows) > limit:
        rows = sorted(rows, key=lambda row: content_id(*row))[:limit]
    sources, targets = zip(*rows, strict=True) if rows else ((), ())
    return DevPairs(corpus.name or corpus.bitext().name, target, sources, targets)


def read_dev_sets(config: TrainTranslatorConfig) -> list[DevPairs]:
    """The dev sets that `config` names, the second one called `dev` of a target as `dev-2`."""
    seen: Counter[tuple[str, str]] = Counter()
    sets = []
    for corpus in config.dev:
        pairs = read_dev(corpus, config.source, config.targets[0], config.dev_pairs)
        seen[pairs.name, pairs.target] += 1
        number = seen[pairs.name, pairs.target]
        sets.append(pairs if number == 1 else replace(pairs, name=f"{pairs.name}-{number}"))
    return sets


def by_direction(config: TrainTranslatorConfig, dev: Sequence[DevPairs]) -> list[DevDirection]:
    """The dev sets `dev` in every direction of the model of `config` that they fit."""
    directions = []
    for pairs in dev:
        for source, target in config.directions():
            if pairs.target not in (source, target):
                continue
            sides = (pairs.sources, pairs.targets)
            if source != config.source:
                sides = sides[::-1]
            directions.append(DevDirection(pairs.name, source, target, config.tag(target), *sides))
    return directions
