"""Training a translator: its configuration, and its steps from bitext files to a model folder.

The steps run one after the other in a work folder, and each is skipped when what it makes is there
and was made from the same things. `STEPS` is the one plan; flows and scripts only walk through it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from augmentation.train_translator.align import align_step
from augmentation.train_translator.card import card_step
from augmentation.train_translator.clean import clean_step
from augmentation.train_translator.convert import convert_step
from augmentation.train_translator.examples import examples_step
from augmentation.train_translator.layout import TrainRun
from augmentation.train_translator.preflight import prepare
from augmentation.train_translator.subwords import subwords_step
from augmentation.train_translator.train import train_step

Step = Callable[[TrainRun], str]
"""Does one step of a run, unless it is done; gives a line on what came of it."""


STEPS: tuple[tuple[str, Step], ...] = (
    ("clean", clean_step),
    ("subwords", subwords_step),
    ("align", align_step),
    ("examples", examples_step),
    ("train", train_step),
    ("convert", convert_step),
    ("card", card_step),
)


def train_translator(run: TrainRun) -> Path:
    """Go through all steps in this process; gives the model's folder."""
    with prepare(run):
        for name, step in STEPS:
            run.say(f"{name} ...")
            run.say(f"{name}: {step(run)}")
    return run.out
