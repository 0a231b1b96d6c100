"""The comparison of strategies as a Prefect flow: one task a job."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from augmentation.compare.config import CompareConfig
from augmentation.compare.context import CompareRun
from augmentation.compare.plan import Job
from augmentation.compare.run import Notice, perform
from augmentation.compare.run import compare as run_compare
from augmentation.compare.scores import CompareResults, collect
from flows.retrying import retried_task


@retried_task("{job.name}")
def run_job(job: Job, run: CompareRun) -> None:
    """Carry out one job."""
    perform(job, run)


def submit(job: Job, run: CompareRun) -> None:
    """Do `job` as a task; jobs go one by one, because a trainer takes all cores."""
    TASKS[job.kind](job, run)


TASKS = {
    kind: run_job.with_options(name=kind)
    for kind in ("read", "translate", "round-trip", "check", "train", "predict", "report")
}
_notice: ContextVar[Notice | None] = ContextVar("notice", default=None)
"""Told how it goes, where the command line has started the flow."""


@flow(name="compare", flow_run_name="{config.name}")
def compare(config: CompareConfig) -> CompareRun:
    """Compare the strategies that `config` names."""
    run = run_compare(config, _notice.get(), submit)
    create_table_artifact(
        table=artifact_rows(collect(run)),
        key="compare-strategies",
        description=f"Strategies compared in `{run.run}`",
    )
    return run


def artifact_rows(results: CompareResults) -> list[dict[str, Any]]:
    """A row a trainer, language and strategy."""
    return [
        {
            "trainer": language.trainer,
            "language": language.lang,
            "strategy": one.strategy,
            **{name: str(one.scores[name]) for name in results.metrics},
            "seconds": round(one.total_seconds, 1),
        }
        for language in results.languages
        for one in language.strategies
    ]


def run_flow(config: CompareConfig, notice: Notice) -> CompareRun:
    """Run the flow from the command line; `notice` is told how it goes."""
    token = _notice.set(notice)
    try:
        return compare(config)
    finally:
        _notice.reset(token)


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["compare", *sys.argv[1:]]))
