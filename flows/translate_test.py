"""translate-test as a Prefect flow: one task a shard."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.task_runners import ThreadPoolTaskRunner

from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.run import TestResult, TestRun, answer_shard
from augmentation.translate_test.run import translate_test as run_translate_test
from corpora.shards import ShardRef
from flows.retrying import retried_task


@retried_task("answer part-{ref.index}", name="answer")
def run_shard(ref: ShardRef, run: TestRun) -> ShardRef:
    """Predictions for one shard."""
    return answer_shard(ref, run)


def submit(refs: Sequence[ShardRef], run: TestRun) -> list[ShardRef]:
    """Give all shards to Prefect's task runner."""
    futures = [run_shard.submit(ref, run) for ref in refs]
    return [future.result() for future in futures]


@flow(
    name="translate-test",
    flow_run_name="translate-test-{config.source}-{config.target}",
    task_runner=ThreadPoolTaskRunner(max_workers=1),  # type: ignore[arg-type]
)
def translate_test(config: TranslateTestConfig) -> TestResult:
    """Predict for the rows of `config.input` by way of the predictor's language."""
    result = run_translate_test(config, submit)
    create_table_artifact(
        table=[
            {
                "rows": result.rows,
                "dropped": result.dropped,
                "seconds": round(result.seconds, 1),
                **result.flags,
            }
        ],
        key="translate-test-rows",
        description=f"Predictions in `{result.predictions}`",
    )
    return result


if __name__ == "__main__":
    from flows.cli.main import main

    sys.exit(main(["translate-test", *sys.argv[1:]]))
