"""Training a translator as a Prefect flow: one task a step of `augmentation.train_translator`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact
from prefect.cache_policies import NO_CACHE

from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.train_translator.layout import TrainRun
from augmentation.train_translator.preflight import prepare
from augmentation.train_translator.run import STEPS
from flows.artifacts import show_progress

_say: ContextVar[Callable[[str], None] | None] = ContextVar("say", default=None)


@task(cache_policy=NO_CACHE, task_run_name="{name}")
def run_step(name: str, run: TrainRun) -> str:
    """Do the step called `name`, unless it is done; gives what came of it.

    There are no retries: a step that fails would fail again, and one that was cut off goes on in
    the next run.
    """
    return dict(STEPS)[name](run)


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
    this run, the next one goes on.
    """
    say = _say.get() or get_run_logger().info
    artifact = create_progress_artifact(
        progress=0.0, key="train-translator-progress", description=f"Training {config.model_name}"
    )
    run = TrainRun(
        config,
        work or out.with_name(f"{out.name}.work"),
        out,
        device,
        threads,
        max_seconds,
        say,
        lambda share: show_progress(artifact, share),
    )
    with prepare(run):
        for name, _ in STEPS:
            say(f"{name} ...")
            say(f"{name}: {run_step.with_options(name=name)(name, run)}")
    create_markdown_artifact(
        (out / "README.md").read_text(encoding="utf-8"), key="train-translator-card"
    )
    return out


def run_flow(run: TrainRun) -> Path:
    """Start the flow for `run` from the command line."""
    token = _say.set(run.say)
    try:
        return train_translator(
            run.config, run.out, run.work, run.device, run.threads, run.max_seconds
        )
    finally:
        _say.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["train-translator", *sys.argv[1:]]))
