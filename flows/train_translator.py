"""The flow that trains a translator: one task a step of `augmentation.train_translator`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from augmentation.train_translator import (
    STEPS,
    TrainRun,
    TrainTranslatorConfig,
    prepare,
)


@task(cache_policy=NO_CACHE, task_run_name="{name}")
def run_step(name: str, run: TrainRun) -> str:
    """Do the step called `name`, unless it is done; what came of it is logged."""
    logger = get_run_logger()
    outcome = dict(STEPS)[name](replace(run, say=logger.info))
    logger.info("%s: %s", name, outcome)
    return outcome


@flow(name="train-translator", flow_run_name="train-translator-{config.model_name}")
def train_translator(
    config: TrainTranslatorConfig,
    out: Path,
    work: Path | None = None,
    device: str = "auto",
    threads: int | None = None,
    max_seconds: float | None = None,
) -> Path:
    """Train the model that `config` describes and put it into `out`."""
    run = TrainRun(
        config, work or out.with_name(f"{out.name}.work"), out, device, threads, max_seconds
    )
    with prepare(run):
        for name, _ in STEPS:
            run_step(name, run)
    return out


def run_flow(run: TrainRun) -> Path:
    """Start the flow for `run`."""
    return train_translator(run.config, run.out, run.work, run.device, run.threads, run.max_seconds)
