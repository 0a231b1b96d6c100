"""Tasks that are retried where that may help: the one place that decides how often and when."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from corpora.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")


def may_pass(task: Any, task_run: Any, state: Any) -> bool:
    """Whether trying `task` again may help, whose run `task_run` ended in `state`: disks and locks
    recover, the user's mistakes do not."""
    try:
        state.result()
    except UserError:
        return False
    except (OSError, sqlite3.OperationalError):
        return True
    except BaseException:
        return False
    return False


def retried_task(
    task_run_name: str, name: str | None = None
) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Prefect's `task`, called `name`, for a step that records itself what is done; see `may_pass`.

    `task_run_name` is the name of each run of it, a template over its parameters.
    """
    return task(
        name=name,
        cache_policy=NO_CACHE,
        task_run_name=task_run_name,
        retries=3,
        retry_delay_seconds=exponential_backoff(backoff_factor=0.5),
        retry_jitter_factor=0.5,
        retry_condition_fn=may_pass,
    )
