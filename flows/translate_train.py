"""translate-train as a Prefect flow: one task a step and shard, only references between them."""

from __future__ import annotations

import sqlite3
import sys
import time
from contextvars import ContextVar
from typing import Any

from prefect import flow, task
from prefect.artifacts import (
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.tasks import exponential_backoff

from augmentation.config import Settings, TranslateTrainConfig
from augmentation.plan import Job, Plan, Running, perform
from augmentation.translate_train import RunResult, Watcher
from augmentation.translate_train import translate_train as run_translate_train
from corpora.errors import UserError
from corpora.shards import ShardRef
from flows.progress import Several, Tally

ARTIFACT_SECONDS = 2.0
MAX_WORKERS = 16
"""More than a plan has under way; what is under way is the plan's to limit."""

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def may_pass(task: Any, task_run: Any, state: Any) -> bool:
    """Whether trying again may help: disks and locks recover, the user's mistakes do not."""
    try:
        state.result()
    except UserError:
        return False
    except (OSError, sqlite3.OperationalError):
        return True
    except BaseException:
        return False
    return False


@task(
    cache_policy=NO_CACHE,
    task_run_name="{job.name}",
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=0.5),
    retry_jitter_factor=0.5,
    retry_condition_fn=may_pass,
)
def run_job(job: Job, settings: Settings) -> ShardRef | None:
    """Carry out one step for one shard."""
    return perform(job, settings)


TASKS = {
    step: run_job.with_options(name=step)
    for step in ("ingest", "segment", "translate", "project", "filter", "export", "report")
}


def submit(job: Job, settings: Settings) -> Running:
    """Give `job` to Prefect's task runner."""
    future: Any = TASKS[job.step].submit(job, settings)
    running: Running = future
    return running


@flow(
    name="translate-train",
    flow_run_name="{config.run_name}",
    task_runner=ThreadPoolTaskRunner(max_workers=MAX_WORKERS),  # type: ignore[arg-type]
)
def translate_train(config: TranslateTrainConfig) -> RunResult:
    """Translate the labelled rows of `config.input` and carry their labels over."""
    watchers: list[Watcher] = [Artifacts()]
    own = _watcher.get()
    if own is not None:
        watchers.append(own)
    result = run_translate_train(config, Several(*watchers), submit)
    create_table_artifact(
        table=summary_rows(result),
        key="translate-train-rows",
        description=f"Rows of `{result.run}`; the report is `{result.report}`",
    )
    return result


def summary_rows(result: RunResult) -> list[dict[str, Any]]:
    """The run in numbers, a row a target language."""
    return [
        {
            "target": target.target,
            "rows in": result.summary.rows_in,
            "kept": target.kept,
            "dropped": target.dropped.total(),
            **{f"dropped: {reason}": n for reason, n in sorted(target.dropped.items())},
            "spans": target.spans.total(),
            "spans projected": target.placed.total(),
            "seconds": round(result.seconds, 1),
        }
        for target in result.summary.targets
    ]


class Artifacts(Watcher):
    """Shows in Prefect's UI how far a run has come."""

    def __init__(self) -> None:
        self._tally = Tally()
        self._artifact: Any = None
        self._next = 0.0

    def began(self, settings: Settings) -> None:
        """Make the progress artifact."""
        self._artifact = create_progress_artifact(
            progress=0.0,
            key="translate-train-progress",
            description=f"Rows translated of `{settings.config.input.name}`",
        )

    def advanced(self, job: Job, plan: Plan) -> None:
        """Bring the artifact up to date, not too often."""
        self._tally.advanced(job, plan)
        if self._tally.total and (time.monotonic() >= self._next or plan.finished):
            self._next = time.monotonic() + ARTIFACT_SECONDS
            progress = 100.0 * self._tally.done / self._tally.total
            update_progress_artifact(self._artifact, progress=progress)


def run_flow(config: TranslateTrainConfig, watcher: Watcher) -> RunResult:
    """Run the flow from the command line; `watcher` is told how it goes."""
    token = _watcher.set(watcher)
    try:
        return translate_train(config)
    finally:
        _watcher.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["translate-train", *sys.argv[1:]]))
