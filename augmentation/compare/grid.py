"""The grid of a comparison: its cells, and the models that they need."""

from __future__ import annotations

from dataclasses import dataclass

from augmentation.compare.config import Strategy
from augmentation.compare.context import CompareContext
from augmentation.compare.strategies import (
    TrainingSet,
    strategies_of,
    training_sets,
)


@dataclass(frozen=True, slots=True)
class ModelKey:
    """One model: what trains it, on what, with which seed."""

    trainer: str
    training_set: TrainingSet
    seed: int

    @property
    def name(self) -> str:
        """The name that people see."""
        return f"{self.trainer} on {self.training_set.name}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the comparison: a model's predictions for a test set."""

    trainer: str
    strategy: Strategy
    lang: str
    """Of the test set."""
    seed: int

    @property
    def name(self) -> str:
        """The name that people see."""
        return f"{self.trainer}: {self.strategy} to {self.lang}, seed {self.seed}"


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


def all_models(context: CompareContext) -> list[ModelKey]:
    """The models that are trained in the comparison `context`, each once."""
    config = context.config
    cells = [c for c in cells_of(context) if config.trainer(c.trainer).kind != "predictor"]
    return list(dict.fromkeys(key for cell in cells for key in models_of(cell, context)))
