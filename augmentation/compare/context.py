"""The context of a comparison: its configuration and folder, and the data that its jobs share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from augmentation.compare.config import CompareConfig, CorpusConfig, Strategy
from augmentation.compare.trainers import make_trainer
from augmentation.pipeline.artifacts import Artifact
from augmentation.pipeline.cache import ProcessCache
from augmentation.pipeline.shards import read_rows
from corpora.records import Row
from corpora.shards import ShardRef

VERSION = 1
DATA, TRANSLATIONS, CHECK, MODELS, CELLS = (
    "10-data", "20-translations", "30-check.json", "40-models", "50-cells",
)  # fmt: skip
"""What the run folder holds, in the order it is made."""


@dataclass(frozen=True)
class CompareContext:
    """The configuration and folder of a comparison, and what its jobs share within a process."""

    config: CompareConfig
    run: Path
    """The run folder."""
    cache: ProcessCache = field(default_factory=ProcessCache, repr=False, compare=False)

    @cached_property
    def langs(self) -> list[str]:
        """The target languages."""
        return [target.lang for target in self.config.targets]

    def seeds(self, trainer: str, strategy: Strategy) -> tuple[int, ...]:
        """The seeds that change what the trainer called `trainer` gives for `strategy`: a single
        one where neither training nor data depend on it."""
        config = self.config.trainer(trainer)
        if config.kind == "predictor":
            return self.config.seeds[:1]
        made = make_trainer(config, self.config.task, self.config.runtime.device)
        if strategy == "few-shot" or made.seeded:
            return self.config.seeds
        return self.config.seeds[:1]

    def corpora(self) -> dict[str, tuple[CorpusConfig, str]]:
        """Every corpus by name, with its language."""
        source = self.config.source
        corpora = {"source-train": (source.train, source.lang)}
        if source.dev is not None:
            corpora["source-dev"] = (source.dev, source.lang)
        if source.test is not None:
            corpora["source-test"] = (source.test, source.lang)
        for target in self.config.targets:
            corpora[f"{target.lang}-test"] = (target.test, target.lang)
            if target.train is not None:
                corpora[f"{target.lang}-train"] = (target.train, target.lang)
        return corpora

    def data_ref(self, name: str) -> ShardRef:
        """Where the corpus called `name` is once it has been read."""
        return ShardRef(self.run, f"{DATA}-{name}", 0)

    def translation_folder(self, name: str) -> Path:
        """The run folder of the translate-train run called `name`, within this one."""
        return self.run / TRANSLATIONS / name

    def translation_of(self, name: str) -> Artifact:
        """The translate-train run called `name`, with its record."""
        return Artifact.beside(self.translation_folder(name))

    def rows(self, name: str) -> list[Row]:
        """The corpus called `name`, which has been read."""
        return self.cache.get(("rows", name), lambda: read_rows(self.data_ref(name)))

    def test_sets(self) -> dict[str, list[Row]]:
        """The test sets by language, the source's (where there is one) last."""
        sets = {lang: self.rows(f"{lang}-test") for lang in self.langs}
        if self.config.source.test is not None:
            sets[self.config.source.lang] = self.rows("source-test")
        return sets
