"""Training a translator as a Prefect flow: one task per step of `augmentation.train_translator`."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact
from prefect.cache_policies import NO_CACHE

from augmentation.pipeline.conductor import Submit, at_once
from augmentation.pipeline.listener import Listener, Listeners, Messages, Progress
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.run import Job, perform
from augmentation.train_translator.run import train_translator as run_training
from flows.artifacts import show_progress

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""The listener of the run, where the command line has started the flow."""


@task(cache_policy=NO_CACHE, task_run_name="{job.name}")
def run_step(job: Job, setup: TrainSetup, listener: Listener) -> str:
    """Do the step `job` of the run of `setup`, unless it is done; `listener` is told how it goes.

    There are no retries: a step that fails would fail again, and an interrupted one continues in
    the next run.
    """
    return perform(job, setup, listener)


class TrainingArtifact(Listener):
    """Shows in Prefect's UI how far training has come."""

    def __init__(self) -> None:
        self._artifact: Any = None

    def began(self, title: str) -> None:
        """Make the progress artifact of the model called `title`."""
        self._artifact = create_progress_artifact(
            progress=0.0, key="train-translator-progress", description=f"Training {title}"
        )

    def advanced(self, progress: Progress) -> None:
        """Update the artifact with `progress`, of the steps of training alone."""
        if progress.unit == "steps" and progress.share is not None:
            show_progress(self._artifact, progress.share)


def _run_task(job: Job, setup: TrainSetup, listener: Listener) -> str:
    outcome: str = run_step.with_options(name=job.name)(job, setup, listener)
    return outcome


def _submit_of(setup: TrainSetup, listener: Listener) -> Submit[Job, str]:
    return at_once(partial(_run_task, setup=setup, listener=listener))


@flow(name="train-translator", flow_run_name="{config.model_name}")
def train_translator(
    config: TrainTranslatorConfig,
    out: Path,
    work: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_seconds: float | None = None,
) -> Path:
    """Train the model that `config` describes and put it into `out`.

    `work` keeps what the steps make, `<out>.work` if not given; `max_seconds` limits training in
    this run, the next one continues. `device` and `threads` say where.
    """
    listener = _listener.get() or Messages(get_run_logger().info)
    run_training(
        config,
        out,
        work=work,
        device=device,
        threads=threads,
        max_seconds=max_seconds,
        listener=Listeners(TrainingArtifact(), listener),
        submit=_submit_of,
    )
    create_markdown_artifact(
        (out / "README.md").read_text(encoding="utf-8"), key="train-translator-card"
    )
    return out


def run_flow(
    config: TrainTranslatorConfig,
    out: Path,
    work: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_seconds: float | None = None,
    listener: Listener | None = None,
) -> Path:
    """Run the flow from the command line; `listener` is told how it goes.

    `config`, `out`, `work`, `device`, `threads` and `max_seconds` are those of `train_translator`.
    """
    token = _listener.set(listener)
    try:
        return train_translator(config, out, work, device, threads, max_seconds)
    finally:
        _listener.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["train-translator", *sys.argv[1:]]))
