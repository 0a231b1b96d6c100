"""The comparison of strategies as a Prefect flow: one task per job."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from augmentation.compare.config import CompareConfig
from augmentation.compare.plan import Job
from augmentation.compare.results import CompareResults
from augmentation.compare.run import CompareResult, perform
from augmentation.compare.run import compare as run_compare
from augmentation.pipeline.conductor import at_once
from augmentation.pipeline.listener import Listener
from corpora.text.markdown import escape_markdown
from flows.retrying import retried_task


@retried_task("{job.name}")
def run_job(job: Job) -> None:
    """Perform `job`."""
    perform(job)


TASKS = {
    kind: run_job.with_options(name=kind)
    for kind in ("read", "translate", "round-trip", "check", "train", "predict", "report")
}
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""The listener of the run, where the command line has started the flow."""


def run_task(job: Job) -> None:
    """Do `job` as a task, and wait for it."""
    TASKS[job.kind](job)


@flow(name="compare", flow_run_name="{config.name}")
def compare(config: CompareConfig) -> CompareResult:
    """Compare the strategies that `config` names."""
    result = run_compare(config, _listener.get(), at_once(run_task))
    create_table_artifact(
        table=artifact_rows(result.results),
        key="compare-strategies",
        description=f"Strategies compared in {escape_markdown(str(result.run))}",
    )
    return result


def artifact_rows(results: CompareResults) -> list[dict[str, Any]]:
    """`results` as a table: a row per trainer, language and strategy."""
    return [
        {
            "trainer": escape_markdown(language.trainer),
            "language": language.lang,
            "strategy": strategy.strategy,
            **{metric: str(strategy.scores[metric]) for metric in results.metrics},
            "seconds": round(strategy.total_seconds, 1),
        }
        for language in results.languages
        for strategy in language.strategies
    ]


def run_flow(config: CompareConfig, listener: Listener | None = None) -> CompareResult:
    """Run the flow of `config` from the command line; `listener` is told how it goes."""
    token = _listener.set(listener)
    try:
        return compare(config)
    finally:
        _listener.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["compare", *sys.argv[1:]]))
