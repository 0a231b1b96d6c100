"""A translate-test run from start to finish, in this process or as a Prefect flow."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augmentation.pipeline.conductor import Conductor, Submit, at_once
from augmentation.pipeline.listener import Listener
from augmentation.pipeline.shards import rows_dropped
from augmentation.translate_test.answers import PREDICTIONS_FILE, READ
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.notebook import predictions_html
from augmentation.translate_test.plan import Job, Plan, perform
from augmentation.translate_test.setup import TranslateTestSetup, fingerprinted_fields, resolve
from corpora.manifest import open_run
from corpora.readers.inputs import input_name
from corpora.shards import ShardRef, list_shards


@dataclass(frozen=True, slots=True)
class TranslateTestResult:
    """A translate-test run that is done."""

    run: Path
    predictions: Path
    """The file of predictions, one JSON object per line."""
    rows: int
    dropped: int
    """Rows that `on_error: skip` left out when they were read; they are in the run folder."""
    flags: Counter[str]
    """How many predictions have a flag."""
    seconds: float

    def _repr_html_(self) -> str:
        return predictions_html(self.predictions)


def translate_test(
    config: TranslateTestConfig,
    listener: Listener | None = None,
    submit: Callable[[TranslateTestSetup], Submit[Job, ShardRef | None]] | None = None,
) -> TranslateTestResult:
    """Perform the run that `config` describes, or what is left of it; `predictions.jsonl` is the
    result.

    `listener` is told how it goes. `submit` makes the function that starts jobs from the run's
    setup; None performs them here, one after the other. Raises `UserError` for all that the user
    can repair.
    """
    began = time.monotonic()
    setup = resolve(config)
    setup.check()
    start = at_once(partial(perform, setup=setup)) if submit is None else submit(setup)
    with open_run(setup.run, setup.manifest(), fingerprinted_fields):
        conductor = Conductor(Plan(setup.run), start, listener or Listener())
        conductor.listeners.began(input_name(config.input))
        try:
            conductor.run_to_end()
        finally:
            conductor.listeners.ended()
        return _result(setup.run, began)


def _result(run: Path, began: float) -> TranslateTestResult:
    flags: Counter[str] = Counter()
    rows = 0
    path = run / PREDICTIONS_FILE
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            rows += 1
            flags.update(set(json.loads(line).get("flags", ())))
    dropped = sum(map(rows_dropped, list_shards(run, READ)))
    return TranslateTestResult(run, path, rows, dropped, flags, time.monotonic() - began)
