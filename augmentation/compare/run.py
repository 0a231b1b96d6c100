"""A comparison of strategies from its configuration to its report.

A job whose files exist already, made from the same input, is not repeated. So an interrupted
comparison continues where it stopped, and one more strategy or seed costs only its own jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.compare.config import CompareConfig
from augmentation.compare.context import VERSION, CompareContext
from augmentation.compare.grid import ModelKey
from augmentation.compare.html import tables_html
from augmentation.compare.models import load_model
from augmentation.compare.plan import Job, jobs_of
from augmentation.compare.results import CompareResults
from augmentation.compare.scores import REPORT_FILE, collect
from augmentation.compare.strategies import (
    SOURCE,
    THROUGH_SOURCE,
    TrainingSet,
    translates_training,
)
from augmentation.compare.trainers import make_trainer
from augmentation.pipeline.conductor import Conductor, InOrder, Submit, at_once
from augmentation.pipeline.listener import Listener
from augmentation.pipeline.versions import PREDICTION_PACKAGES, TRANSLATION_PACKAGES
from augmentation.translation.setup import resolve_translation
from corpora.errors import UserError
from corpora.fingerprint import fingerprint, path_hash, plain
from corpora.folders import runs_folder
from corpora.manifest import RunManifest, open_run, package_versions, run_folder
from scoring.translation import choose_tokenizer


@dataclass(frozen=True, slots=True)
class CompareResult:
    """A comparison that is done."""

    run: Path
    """The run folder, with `results.json`."""
    results: CompareResults

    @property
    def report(self) -> Path:
        """The page with tables and charts."""
        return self.run / REPORT_FILE

    def _repr_html_(self) -> str:
        return tables_html(self.results)


def perform(job: Job) -> None:
    """Do `job`, unless it is done."""
    job.perform()


def prepare(config: CompareConfig) -> CompareContext:
    """The context of the comparison that `config` describes, checked.

    Raises `UserError` for what does not exist, cannot be translated, or could not be scored: all
    that would otherwise end a comparison after hours of translating and training.
    """
    identity = config.model_dump(mode="json", exclude={"out", "runtime", "keep_models", "memory"})
    folder = config.out or run_folder(runs_folder(), config.name, fingerprint(identity))
    context = CompareContext(config, folder)
    for corpus, _ in context.corpora().values():
        if not corpus.path.exists():
            raise UserError("no such file", file=corpus.path)
    _check_directions(context)
    _check_trainers(context)
    if config.task == "text":
        for lang in (*context.langs, *([config.source.lang] if config.source.test else ())):
            choose_tokenizer(lang, config.tokenize)
    return context


def _check_trainers(context: CompareContext) -> None:
    config = context.config
    for trainer in config.trainers:
        if trainer.predictor is None:
            make_trainer(trainer, config.task, config.runtime.device).check()
        else:
            load_model(ModelKey(trainer.title, TrainingSet.of(SOURCE), 0), context)


def _check_directions(context: CompareContext) -> None:
    config = context.config
    source = config.source.lang
    for lang in context.langs:
        pairs = []
        if translates_training(config.strategies):
            pairs.append((source, lang))
        if set(config.strategies) & set(THROUGH_SOURCE):
            pairs.append((lang, source))
        for before, after in pairs:
            setup = resolve_translation(config, task=config.task, source=before)
            setup.translator().translate([], before, after, setup.options())


def manifest(context: CompareContext) -> RunManifest:
    """`run.json` of the comparison `context`. Every cell records what it was made from, so
    strategies may be added to a run."""
    config = context.config
    packages = (*TRANSLATION_PACKAGES, *PREDICTION_PACKAGES, "sacrebleu", "transformers")
    return RunManifest(
        name=config.name,
        fingerprint=fingerprint(["compare", VERSION, config.task, config.source.lang]),
        config=plain(config.model_dump(mode="json")),
        versions=package_versions(packages),
        inputs={
            corpus.path.as_posix(): path_hash(corpus.path)
            for corpus, _ in context.corpora().values()
        },
    )


def fingerprinted_fields(manifest: RunManifest) -> dict[str, Any]:
    """The fields of `manifest` that its fingerprint is made of."""
    source = manifest.config.get("source")
    lang = source.get("lang") if isinstance(source, dict) else source
    return {"config": {"task": manifest.config.get("task"), "source": {"lang": lang}}}


def compare(
    config: CompareConfig,
    listener: Listener | None = None,
    submit: Submit[Job, None] | None = None,
) -> CompareResult:
    """Perform the comparison that `config` describes, or what is left of it; see `results.json`.

    `listener` is told how it goes. `submit` starts its jobs; None performs them here. They run one
    by one, because a trainer takes all cores. Raises `UserError` for all that the user can repair.
    """
    context = prepare(config)
    plan: InOrder[Job] = InOrder(jobs_of(context))
    with open_run(context.run, manifest(context), fingerprinted_fields):
        conductor: Conductor[Job, None] = Conductor(
            plan, submit or at_once(perform), listener or Listener()
        )
        conductor.listeners.began(config.name)
        try:
            conductor.run_to_end()
        finally:
            conductor.listeners.ended()
        return CompareResult(context.run, collect(context))
