"""The jobs of a translate-train run: one step for one shard each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from augmentation.pipeline.heaps import trim_heaps
from augmentation.translate_train.export import export_run
from augmentation.translate_train.filter import filter_rows
from augmentation.translate_train.layout import SEGMENT, project_step
from augmentation.translate_train.project import project
from augmentation.translate_train.segment import segment
from augmentation.translate_train.setup import TranslateTrainSetup
from augmentation.translate_train.translate import translate
from augmentation.translation.ingest import ingest
from corpora.shards import ShardRef

StepName = Literal["ingest", "segment", "translate", "project", "filter", "export", "report"]


@dataclass(frozen=True, slots=True)
class Job:
    """One step for one shard; `ref` is the shard of rows (`10-ingest`) that it works for."""

    step: StepName
    ref: ShardRef
    target: str | None = None

    @property
    def name(self) -> str:
        """The name that people see: `translate de part-00003`."""
        words: list[str] = [self.step]
        if self.target is not None:
            words.append(self.target)
        if self.step not in ("export", "report"):
            words.append(f"part-{self.ref.index:05d}")
        return " ".join(words)


def perform(job: Job, setup: TranslateTrainSetup) -> ShardRef | None:
    """Perform `job` of the run that `setup` describes; None where the input has ended (ingest) or
    the job makes no shard."""
    ref, translation = job.ref, setup.translation
    if job.step == "ingest":
        return ingest(ref, setup.input)
    if job.step == "segment":
        return segment(ref, translation.source, translation.config.protection.protect)
    if job.step == "report":
        from augmentation.translate_train.report import write_report

        write_report(setup)
        return None
    if job.target is None:
        raise ValueError(f"{job.step} needs a target language")
    if job.step == "translate":
        return translate(ref.next(SEGMENT), translation, job.target, setup.input.content_hash)
    if job.step == "project":
        projected = project(ref, translation, job.target)
        trim_heaps()
        return projected
    if job.step == "filter":
        projected = ref.next(project_step(job.target))
        return filter_rows(projected, setup.config.filters, translation.source, job.target)
    export_run(setup, job.target)
    return None
