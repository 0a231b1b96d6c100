"""The plan of a comparison: its jobs, what they rest on, and where they leave what they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from augmentation.compare.context import CompareRun
from augmentation.compare.strategies import needs_translation, strategies_of, training_sets

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
