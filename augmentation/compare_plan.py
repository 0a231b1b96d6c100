"""The plan of a comparison: its jobs, what they rest on, and where they leave what they make."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from augmentation.compare_config import (
    WITHOUT_TRAINING,
    CompareConfig,
    CorpusConfig,
    Strategy,
    TargetConfig,
    TrainerConfig,
)
from corpora.records import Row
from corpora.schema import batch_to_rows
from corpora.shards import ShardRef, read_batches
from trainers.protocol import Trainer

VERSION = 1
DATA, TRANSLATIONS, CHECK, MODELS, CELLS = (
    "10-data", "20-translations", "30-check.json", "40-models", "50-cells",
)  # fmt: skip
TRANSLATING = ("translate-train", "translate-train+source", "translate-train-all", "ensemble")
BY_WAY_OF_SOURCE = ("translate-test", "translate-test-round-trip", "ensemble")

JobKind = Literal["read", "translate", "round-trip", "check", "train", "predict", "report"]


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do; `name` is what people see.

    `subject` is a language (translate, round-trip), a training set (train) or a strategy (predict).
    """

    kind: JobKind
    subject: str = ""
    trainer: str = ""
    lang: str = ""
    seed: int = 0

    @property
    def name(self) -> str:
        """In words."""
        if self.kind == "train":
            return f"train {self.trainer} on {self.subject}, seed {self.seed}"
        if self.kind == "predict":
            return f"{self.trainer}: {self.subject} to {self.lang}, seed {self.seed}"
        return f"{self.kind} {self.subject}".strip()


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


def make_trainer(config: TrainerConfig, compare: CompareConfig) -> Trainer:
    """The trainer that `config` describes; raises `MissingExtraError` where it needs one."""
    if config.kind == "light":
        from trainers.crf import CrfTrainer
        from trainers.linear import LinearTrainer

        if compare.task == "tokens":
            return CrfTrainer()
        return LinearTrainer(pair=compare.task == "pair")
    from trainers.fine_tuning.loop_torch import FineTuning
    from trainers.fine_tuning.trainer import TransformersTrainer

    names = ("epochs", "batch_size", "learning_rate", "frozen_layers", "patience", "class_weights",
             "precision")  # fmt: skip
    return TransformersTrainer(
        str(config.model),
        compare.task,
        FineTuning(**{name: getattr(config, name) for name in names}),
        config.max_length,
        config.target_length,
        device=compare.runtime.device,
        revision=config.revision,
    )


def plan(run: CompareRun) -> list[list[Job]]:
    """The jobs in stages; those of a stage rest only on earlier stages."""
    config = run.config
    strategies = config.strategies
    translate = [Job("translate", lang) for lang in run.langs if needs_translation(strategies)]
    back = [
        Job("round-trip", lang) for lang in run.langs if "translate-test-round-trip" in strategies
    ]
    cells = cells_of(run)
    training: dict[Job, None] = {}
    for cell in cells:
        if run.trainer(cell.trainer).kind == "predictor":
            continue
        for name in training_sets(cell.subject, cell.lang, config.source.lang):
            training[Job("train", name, cell.trainer, "", cell.seed)] = None
    stages = [[Job("read")], translate, back, [Job("check")], [*training], cells, [Job("report")]]
    return [stage for stage in stages if stage]


def needs_translation(strategies: Sequence[str]) -> bool:
    """Whether the source training set is translated for any of `strategies`."""
    return bool({*TRANSLATING, "translate-test-round-trip"} & set(strategies))


def cells_of(run: CompareRun) -> list[Job]:
    """One prediction job for every trainer, strategy, language and seed."""
    config = run.config
    cells = []
    for trainer in config.trainers:
        for lang in run.langs:
            for strategy in strategies_of(run, trainer.title, lang):
                for seed in run.seeds(trainer.title, strategy):
                    cells.append(Job("predict", strategy, trainer.title, lang, seed))
        if config.source.test is not None:
            for seed in run.seeds(trainer.title, "zero-shot"):
                cells.append(Job("predict", "zero-shot", trainer.title, config.source.lang, seed))
    return cells


def strategies_of(run: CompareRun, trainer: str, lang: str) -> Sequence[Strategy]:
    """The strategies that there are cells of for `trainer` in `lang`."""
    if lang == run.config.source.lang:
        return ("zero-shot",)
    if run.trainer(trainer).kind == "predictor":
        return [one for one in run.config.strategies if one in WITHOUT_TRAINING]
    return run.config.strategies


def training_sets(strategy: str, lang: str, source: str) -> tuple[str, ...]:
    """The training sets whose models a strategy needs, the target language's first."""
    if lang == source:
        return ("source",)
    sets: dict[str, tuple[str, ...]] = {
        "zero-shot": ("source",),
        "few-shot": (f"source+few-{lang}",),
        "translate-train": (f"translated-{lang}",),
        "translate-train+source": (f"source+translated-{lang}",),
        "translate-train-all": ("source+translated-all",),
        "translate-test": ("source",),
        "translate-test-round-trip": (f"round-trip-{lang}",),
        "ensemble": (f"translated-{lang}", "source"),
    }
    return sets[strategy]


def kind_and_lang(name: str) -> tuple[str, str]:
    """What a part of a training set's name says: `round-trip` and `zh-Hans` of
    `round-trip-zh-Hans`, `source` and nothing of `source`."""
    for kind in ("translated", "round-trip", "few"):
        if name.startswith(f"{kind}-"):
            return kind, name.removeprefix(f"{kind}-")
    return name, ""


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
