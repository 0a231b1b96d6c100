"""translate-test as a Prefect flow: one task per shard and step."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from functools import partial

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.futures import PrefectFuture
from prefect.task_runners import ThreadPoolTaskRunner

from augmentation.pipeline.conductor import Submit
from augmentation.pipeline.listener import Listener
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.plan import Job, perform
from augmentation.translate_test.run import TranslateTestResult
from augmentation.translate_test.run import translate_test as run_translate_test
from augmentation.translate_test.setup import TranslateTestSetup
from corpora.shards import ShardRef
from corpora.text.markdown import escape_markdown
from flows.retrying import retried_task

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""The listener of the run, where the command line has started the flow."""


@retried_task("{job.name}")
def run_job(job: Job, setup: TranslateTestSetup) -> ShardRef | None:
    """Perform `job` of the run of `setup`."""
    return perform(job, setup)


TASKS = {step: run_job.with_options(name=step) for step in ("ingest", "answer", "write")}


def submit(job: Job, setup: TranslateTestSetup) -> PrefectFuture[ShardRef | None]:
    """Give `job` of the run of `setup` to Prefect's task runner."""
    future: PrefectFuture[ShardRef | None] = TASKS[job.step].submit(job, setup)
    return future


def _submit_of(setup: TranslateTestSetup) -> Submit[Job, ShardRef | None]:
    return partial(submit, setup=setup)


@flow(
    name="translate-test",
    flow_run_name="translate-test-{config.source}-{config.target}",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]
)
def translate_test(config: TranslateTestConfig) -> TranslateTestResult:
    """Predict for the rows of `config.input` through the predictor's language."""
    result = run_translate_test(config, _listener.get(), _submit_of)
    create_table_artifact(
        table=[
            {
                "rows": result.rows,
                "dropped": result.dropped,
                "seconds": round(result.seconds, 1),
                **{escape_markdown(flag): count for flag, count in result.flags.items()},
            }
        ],
        key="translate-test-rows",
        description=f"Predictions in {escape_markdown(str(result.predictions))}",
    )
    return result


def run_flow(config: TranslateTestConfig, listener: Listener | None = None) -> TranslateTestResult:
    """Run the flow of `config` from the command line; `listener` is told how it goes."""
    token = _listener.set(listener)
    try:
        return translate_test(config)
    finally:
        _listener.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["translate-test", *sys.argv[1:]]))
