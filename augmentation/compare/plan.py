"""The jobs of a comparison, in an order in which each needs only earlier ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from augmentation.compare.cells import cell_done, predict
from augmentation.compare.check import check
from augmentation.compare.context import MODELS, CompareContext
from augmentation.compare.grid import ModelKey, all_models, cells_of, models_of
from augmentation.compare.models import train
from augmentation.compare.scores import write_results
from augmentation.compare.strategies import translates_training
from augmentation.compare.training_sets import read_corpora
from augmentation.compare.translations import translate_back, translate_training

JobKind = Literal["read", "translate", "round-trip", "check", "train", "predict", "report"]


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do."""

    kind: JobKind
    name: str
    """The name that people see."""
    perform: Callable[[], None] = field(repr=False, compare=False)
    """Does it, unless it is done."""


def jobs_of(context: CompareContext) -> list[Job]:
    """All jobs of the comparison `context`."""
    strategies = context.config.strategies
    jobs = [Job("read", "read", partial(read_corpora, context))]
    if translates_training(strategies):
        for lang in context.langs:
            do = partial(translate_training, context, lang)
            jobs.append(Job("translate", f"translate {lang}", do))
    if "translate-test-round-trip" in strategies:
        for lang in context.langs:
            do = partial(translate_back, context, lang)
            jobs.append(Job("round-trip", f"round-trip {lang}", do))
    return [
        *jobs,
        Job("check", "check", partial(check, context)),
        *(
            Job("train", f"train {key.name}", partial(_train_if_needed, key, context))
            for key in all_models(context)
        ),
        *(Job("predict", cell.name, partial(predict, cell, context)) for cell in cells_of(context)),
        Job("report", "report", partial(_report, context)),
    ]


def _train_if_needed(key: ModelKey, context: CompareContext) -> None:
    """Train a model, unless all cells that need it are done."""
    cells = (cell for cell in cells_of(context) if key in models_of(cell, context))
    if not all(cell_done(cell, context) for cell in cells):
        train(key, context)


def _report(context: CompareContext) -> None:
    """Write results and report; delete the models unless they are to be kept."""
    write_results(context)
    if not context.config.keep_models:
        shutil.rmtree(context.run / MODELS, ignore_errors=True)
