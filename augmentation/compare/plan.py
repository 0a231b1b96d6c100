"""The jobs of a comparison, in an order in which each rests only on earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from augmentation.compare.config import Strategy
from augmentation.compare.context import CompareContext
from augmentation.compare.strategies import (
    TrainingSet,
    strategies_of,
    training_sets,
    translates_training,
)

JobKind = Literal["read", "translate", "round-trip", "check", "train", "predict", "report"]


@dataclass(frozen=True, slots=True)
class ModelKey:
    """One model: what trains it, on what, with which seed."""

    trainer: str
    training_set: TrainingSet
    seed: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the comparison: a model's predictions for a test set."""

    trainer: str
    strategy: Strategy
    lang: str
    """Of the test set."""
    seed: int


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do."""

    kind: JobKind
    lang: str | None = None
    """The target language of a translation."""
    model: ModelKey | None = None
    """What is trained."""
    cell: Cell | None = None
    """What is predicted."""

    @property
    def name(self) -> str:
        """What people see."""
        if self.model is not None:
            model = self.model
            return f"train {model.trainer} on {model.training_set.name}, seed {model.seed}"
        if self.cell is not None:
            cell = self.cell
            return f"{cell.trainer}: {cell.strategy} to {cell.lang}, seed {cell.seed}"
        return self.kind if self.lang is None else f"{self.kind} {self.lang}"


def jobs_of(context: CompareContext) -> list[Job]:
    """All jobs of the comparison `context`."""
    strategies = context.config.strategies
    jobs = [Job("read")]
    if translates_training(strategies):
        jobs += [Job("translate", lang) for lang in context.langs]
    if "translate-test-round-trip" in strategies:
        jobs += [Job("round-trip", lang) for lang in context.langs]
    cells = cells_of(context)
    models = dict.fromkeys(
        model
        for cell in cells
        if context.config.trainer(cell.trainer).kind != "predictor"
        for model in models_of(cell, context)
    )
    return [
        *jobs,
        Job("check"),
        *(Job("train", model=model) for model in models),
        *(Job("predict", cell=cell) for cell in cells),
        Job("report"),
    ]


def cells_of(context: CompareContext) -> list[Cell]:
    """Every trainer, strategy, language and seed of the comparison `context`."""
    config = context.config
    cells = []
    for trainer in config.trainers:
        for lang in context.langs:
            for strategy in strategies_of(config, trainer.title, lang):
                for seed in context.seeds(trainer.title, strategy):
                    cells.append(Cell(trainer.title, strategy, lang, seed))
        if config.source.test is not None:
            for seed in context.seeds(trainer.title, "zero-shot"):
                cells.append(Cell(trainer.title, "zero-shot", config.source.lang, seed))
    return cells


def models_of(cell: Cell, context: CompareContext) -> list[ModelKey]:
    """The models that `cell` of the comparison `context` needs, the target language's first."""
    source = context.config.source.lang
    sets = training_sets(cell.strategy, cell.lang, source, context.langs)
    return [ModelKey(cell.trainer, training_set, cell.seed) for training_set in sets]
