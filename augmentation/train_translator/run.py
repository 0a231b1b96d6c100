"""Training a translator from bitext files to a model folder.

The steps run one after the other in a work folder, and each is skipped when its output exists
and was made from the same input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augmentation.pipeline.conductor import Conductor, InOrder, Submit, at_once
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.align import align_step
from augmentation.train_translator.card import card_step
from augmentation.train_translator.clean import clean_step
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.train_translator.convert import convert_step
from augmentation.train_translator.examples import examples_step
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.preflight import prepare
from augmentation.train_translator.subwords import subwords_step
from augmentation.train_translator.train import train_step

Step = Callable[[TrainSetup, Listener], str]
"""Does one step of a run, unless it is done; returns a line about its result."""

STEPS: dict[str, Step] = {
    "clean": clean_step,
    "subwords": subwords_step,
    "align": align_step,
    "examples": examples_step,
    "train": train_step,
    "convert": convert_step,
    "card": card_step,
}
"""The steps by name, in order."""


@dataclass(frozen=True, slots=True)
class Job:
    """One step."""

    name: str


def perform(job: Job, setup: TrainSetup, listener: Listener) -> str:
    """Do the step `job` of the run of `setup`, unless it is done; `listener` is told how it goes.

    Returns a line about its result.
    """
    listener.message(f"{job.name} ...")
    outcome = STEPS[job.name](setup, listener)
    listener.message(f"{job.name}: {outcome}")
    return outcome


def train_translator(
    config: TrainTranslatorConfig,
    out: Path,
    *,
    work: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_seconds: float | None = None,
    listener: Listener | None = None,
    submit: Callable[[TrainSetup, Listener], Submit[Job, str]] | None = None,
) -> Path:
    """Train the model that `config` describes, put it into the folder `out`, and return it.

    `work` keeps what the steps make (`<out>.work` if None). `device` (`auto`, `cpu` or `cuda`),
    `threads` and `max_seconds` of training in this run do not decide what is learned; after
    `max_seconds` the model so far is converted, and the next run continues training. `listener` is
    told how it goes. `submit` makes the function that starts jobs from the setup and the listener;
    None performs them here. Raises `UserError` for all that the user can repair.
    """
    listener = listener or Listener()
    work = work or out.with_name(f"{out.name}.work")
    setup = TrainSetup(config, work, out, device, threads, max_seconds)
    if submit is None:
        start: Submit[Job, str] = at_once(partial(perform, setup=setup, listener=listener))
    else:
        start = submit(setup, listener)
    with prepare(setup):
        conductor: Conductor[Job, str] = Conductor(
            InOrder([Job(name) for name in STEPS]), start, listener
        )
        conductor.listeners.began(config.model_name)
        try:
            conductor.run_to_end()
        finally:
            conductor.listeners.ended()
    return out
