"""A comparison under way, and what its jobs share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from augmentation.compare.config import CompareConfig, CorpusConfig, TargetConfig, TrainerConfig
from augmentation.compare.trainers import make_trainer
from corpora.records import Row
from corpora.schema import batch_to_rows
from corpora.shards import ShardRef, read_batches

VERSION = 1


DATA, TRANSLATIONS, CHECK, MODELS, CELLS = (
    "10-data", "20-translations", "30-check.json", "40-models", "50-cells",
)  # fmt: skip


@dataclass(frozen=True)
class CompareRun:
    """A comparison, and what its jobs share within a process."""

    config: CompareConfig
    run: Path
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """`make()`, the first time that `key` is asked for."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def forget(self, key: Any) -> None:
        """Make `key` anew when it is next asked for."""
        with self._lock:
            self._kept.pop(key, None)

    @cached_property
    def langs(self) -> list[str]:
        """The target languages."""
        return [target.lang for target in self.config.targets]

    def target(self, lang: str) -> TargetConfig:
        """The target of that language."""
        return next(t for t in self.config.targets if t.lang == lang)

    def trainer(self, title: str) -> TrainerConfig:
        """The trainer of that name."""
        return next(t for t in self.config.trainers if t.title == title)

    def seeds(self, trainer: str, strategy: str) -> tuple[int, ...]:
        """The seeds that make a difference: one where neither training nor data depend on it."""
        config = self.trainer(trainer)
        if config.kind == "predictor":
            return self.config.seeds[:1]
        if strategy == "few-shot" or make_trainer(config, self.config).seeded:
            return self.config.seeds
        return self.config.seeds[:1]

    def corpora(self) -> dict[str, tuple[CorpusConfig, str]]:
        """Every corpus by name, with its language."""
        source = self.config.source
        found = {"source-train": (source.train, source.lang)}
        if source.dev is not None:
            found["source-dev"] = (source.dev, source.lang)
        if source.test is not None:
            found["source-test"] = (source.test, source.lang)
        for target in self.config.targets:
            found[f"{target.lang}-test"] = (target.test, target.lang)
            if target.train is not None:
                found[f"{target.lang}-train"] = (target.train, target.lang)
        return found

    def data_ref(self, name: str) -> ShardRef:
        """Where a corpus lies that has been read."""
        return ShardRef(self.run, f"{DATA}-{name}", 0)

    def rows(self, name: str) -> list[Row]:
        """A corpus that has been read."""
        found: list[Row] = self.once(("rows", name), lambda: shard_rows(self.data_ref(name)))
        return found

    def test_sets(self) -> dict[str, list[Row]]:
        """The test sets by language, the source's (where there is one) last."""
        found = {lang: self.rows(f"{lang}-test") for lang in self.langs}
        if self.config.source.test is not None:
            found[self.config.source.lang] = self.rows("source-test")
        return found


def shard_rows(ref: ShardRef) -> list[Row]:
    """The rows of a shard that is done."""
    return [row for batch in read_batches(ref) for row in batch_to_rows(batch)]


def read_json(path: Path) -> dict[str, Any]:
    """What a job put on record; empty where there is nothing."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
