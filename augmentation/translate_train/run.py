"""A translate-train run from start to finish, in threads of this process or as a Prefect flow."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from augmentation.pipeline.conductor import Conductor, Running, Submit, in_threads
from augmentation.pipeline.listener import Listener
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.jobs import Job, perform
from augmentation.translate_train.layout import INGEST, export_folder, report_path
from augmentation.translate_train.notebook import run_html
from augmentation.translate_train.plan import Plan
from augmentation.translate_train.runs import final_rows, open_finished
from augmentation.translate_train.setup import (
    TranslateTrainSetup,
    fingerprinted_fields,
    resolve,
)
from augmentation.translate_train.summary import RunSummary, summarize
from corpora.manifest import RunManifest, check_run, open_run
from corpora.readers.inputs import input_name
from corpora.records import Row
from corpora.shards import ShardRef, list_shards


@dataclass(frozen=True, slots=True)
class TranslateTrainResult:
    """A translate-train run that is done."""

    run: Path
    summary: RunSummary
    seconds: float
    """Wall time from the start of this call to the last job."""
    rows: int
    """Rows filtered in this call, over all target languages."""
    shards: int
    """Shards filtered in this call; 0 where all was done before."""

    @property
    def report(self) -> Path:
        """The report."""
        return report_path(self.run)

    def exports(self) -> list[Path]:
        """The export folders, one per target language."""
        return [export_folder(self.run, target.target) for target in self.summary.targets]

    def translated_rows(self, target: str | None = None) -> Iterator[Row]:
        """The rows in `target`, by default the only target language.

        Raises `UserError` where the run has several languages, or not that one.
        """
        return final_rows(self.run, open_finished(self.run).target(target))

    def _repr_html_(self) -> str:
        return run_html(self.run, self.summary)


class TranslateTrainRun:
    """A run in progress, in its folder; made by `start_run`."""

    def __init__(
        self,
        setup: TranslateTrainSetup,
        submit: Submit[Job, ShardRef | None],
        listener: Listener,
    ) -> None:
        """The run of `setup`, whose jobs `submit` starts and of which `listener` is told."""
        self.setup = setup
        self._plan = Plan(setup.run, setup.input, setup.targets, setup.config.runtime)
        self._conductor = Conductor(self._plan, submit, listener)

    @property
    def started(self) -> dict[Job, Running[ShardRef | None]]:
        """The jobs that `run_until` started, done or still running."""
        return self._conductor.started

    def listen(self, listener: Listener) -> None:
        """Tell `listener` too how the run goes, what is done already included."""
        self._conductor.listeners.add(listener)

    def run_until(self, until: threading.Event) -> None:
        """Run jobs until `until` is set; see `Conductor.run_until`."""
        self._conductor.run_until(until)

    def hand_over(self, submit: Submit[Job, ShardRef | None]) -> list[Running[ShardRef | None]]:
        """Submit the jobs that `run_until` started to `submit`; see `Conductor.hand_over`."""
        return self._conductor.hand_over(submit)

    def run_to_end(
        self, submit: Submit[Job, ShardRef | None] | None = None
    ) -> TranslateTrainResult:
        """Do all jobs that are left, started by `submit`; None is that of the run."""
        self._conductor.run_to_end(submit)
        summary = summarize(self.setup.run, self.setup.targets)
        plan = self._plan
        seconds = self._conductor.seconds
        return TranslateTrainResult(
            self.setup.run, summary, seconds, plan.new_rows, plan.new_shards
        )

    def began(self) -> None:
        """Tell all listeners that the run begins."""
        self._conductor.listeners.began(input_name(self.setup.config.input))

    def ended(self) -> None:
        """Tell all listeners that the run ends."""
        self._conductor.listeners.ended()


@contextmanager
def start_run(
    setup: TranslateTrainSetup, listener: Listener | None = None
) -> Iterator[TranslateTrainRun]:
    """The run of `setup`, with its folder locked; `listener` is told how it goes. The run's threads
    end with the context.

    Raises `UserError` for all that the user can repair.
    """
    manifest = setup.manifest()
    check_run(setup.run, manifest, fingerprinted_fields)
    setup.check()
    runtime = setup.config.runtime
    threads = runtime.translating + runtime.workers
    with (
        _run_folder(setup.run, manifest),
        in_threads(partial(perform, setup=setup), threads) as submit,
    ):
        run = TranslateTrainRun(setup, submit, listener or Listener())
        run.began()
        try:
            yield run
        finally:
            run.ended()


def translate_train(
    config: TranslateTrainConfig, listener: Listener | None = None
) -> TranslateTrainResult:
    """Perform the run that `config` describes, or what is left of it, in threads of this process;
    `listener` is told how it goes. Raises `UserError` for all that the user can repair."""
    with start_run(resolve(config), listener) as run:
        return run.run_to_end()


@contextmanager
def _run_folder(folder: Path, manifest: RunManifest) -> Iterator[None]:
    """The run's folder; it is deleted if the run fails before it has read anything."""
    fresh = not folder.exists() or not any(folder.iterdir())
    with open_run(folder, manifest, fingerprinted_fields):
        try:
            yield
        except BaseException:
            if fresh and not list_shards(folder, INGEST):
                shutil.rmtree(folder, ignore_errors=True)
            raise
