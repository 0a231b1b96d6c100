"""translate-train as a Prefect flow: one task per step and shard, only references between them."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

from prefect import flow
from prefect.artifacts import create_progress_artifact, create_table_artifact
from prefect.futures import PrefectFuture, wait
from prefect.task_runners import ThreadPoolTaskRunner

from augmentation.pipeline.listener import Listener, Progress
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.jobs import Job, perform
from augmentation.translate_train.run import TranslateTrainResult, TranslateTrainRun, start_run
from augmentation.translate_train.setup import TranslateTrainSetup, resolve
from corpora.shards import ShardRef
from corpora.text.markdown import escape_markdown
from flows.artifacts import show_progress
from flows.retrying import retried_task

ARTIFACT_SECONDS = 2.0
MAX_WORKERS = 16
"""More than the jobs of any plan that run at a time: the plan limits them."""

_begun_run: ContextVar[TranslateTrainRun | None] = ContextVar("begun_run", default=None)
"""The run that the flow continues, where the command line has begun it."""


@retried_task("{job.name}")
def run_job(job: Job, setup: TranslateTrainSetup) -> ShardRef | None:
    """Perform `job` of the run of `setup`, or wait for it where it was started before the flow.

    A retry always performs it.
    """
    run = _begun_run.get()
    started_before = run.started.get(job) if run is not None else None
    if run is None or started_before is None:
        return perform(job, setup)
    try:
        return started_before.result()
    except BaseException:
        del run.started[job]
        raise


TASKS = {
    step: run_job.with_options(name=step)
    for step in ("ingest", "segment", "translate", "project", "filter", "export", "report")
}


def submit(job: Job, setup: TranslateTrainSetup) -> PrefectFuture[ShardRef | None]:
    """Give `job` of the run of `setup` to Prefect's task runner."""
    future: PrefectFuture[ShardRef | None] = TASKS[job.step].submit(job, setup)
    return future


@flow(
    name="translate-train",
    flow_run_name="{config.run_name}",
    task_runner=ThreadPoolTaskRunner(max_workers=MAX_WORKERS),  # type: ignore[arg-type]
)
def translate_train(config: TranslateTrainConfig) -> TranslateTrainResult:
    """Translate the labelled rows of `config.input` and project their labels."""
    ours = _begun_run.get()
    with nullcontext(ours) if ours else start_run(resolve(config)) as run:
        submit_job = partial(submit, setup=run.setup)
        run.listen(Artifacts())
        handed_over = run.hand_over(submit_job)
        result = run.run_to_end(submit_job)
        wait(cast(list[PrefectFuture[Any]], handed_over))
    create_table_artifact(
        table=summary_rows(result),
        key="translate-train-rows",
        description=f"Rows of {escape_markdown(str(result.run))}; the report is "
        f"{escape_markdown(str(result.report))}",
    )
    return result


def summary_rows(result: TranslateTrainResult) -> list[dict[str, Any]]:
    """The counts of the run of `result`, one row per target language."""
    return [
        {
            "target": target.target,
            "rows in": result.summary.rows_in,
            "kept": target.kept,
            "dropped": target.dropped.total(),
            **{
                f"dropped: {escape_markdown(reason)}": n
                for reason, n in sorted(target.dropped.items())
            },
            "spans": target.spans.total(),
            "spans projected": target.placed.total(),
            "seconds": round(result.seconds, 1),
        }
        for target in result.summary.targets
    ]


class Artifacts(Listener):
    """Shows in Prefect's UI how far a run has come."""

    def __init__(self) -> None:
        self._artifact: Any = None
        self._next = 0.0

    def began(self, title: str) -> None:
        """Make the progress artifact of the run called `title`."""
        self._artifact = create_progress_artifact(
            progress=0.0,
            key="translate-train-progress",
            description=f"Rows translated of {escape_markdown(title)}",
        )

    def advanced(self, progress: Progress) -> None:
        """Update the artifact with `progress`, not too often."""
        if progress.share is not None and (time.monotonic() >= self._next or progress.is_last):
            self._next = time.monotonic() + ARTIFACT_SECONDS
            show_progress(self._artifact, progress.share)


def run_flow(run: TranslateTrainRun) -> TranslateTrainResult:
    """Continue `run`, which the command line has begun, as a flow."""
    token = _begun_run.set(run)
    try:
        return translate_train(run.setup.config)
    finally:
        _begun_run.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["translate-train", *sys.argv[1:]]))
