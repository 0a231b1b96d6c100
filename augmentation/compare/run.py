"""Which way of transfer is best? A comparison, from its configuration to its report.

Every job leaves files behind and looks first whether they are there already, made from the same
things; so a comparison goes on where it was cut off, and one more strategy or seed costs only
itself.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import Any

from augmentation.compare.cells import predict
from augmentation.compare.config import CompareConfig
from augmentation.compare.context import MODELS, VERSION, CompareRun
from augmentation.compare.models import load_model, train
from augmentation.compare.plan import Job, plan
from augmentation.compare.scores import write_results
from augmentation.compare.strategies import BY_WAY_OF_SOURCE, needs_translation
from augmentation.compare.trainers import make_trainer
from augmentation.compare.training_sets import check, read_corpora
from augmentation.compare.translations import translate_back, translate_training
from augmentation.pipeline.versions import VERSIONED
from augmentation.translate_train.setup import resolve_settings
from augmentation.translation.setup import translator_of
from corpora.errors import UserError
from corpora.folders import runs_folder
from corpora.manifest import (
    RunManifest,
    fingerprint,
    open_run,
    package_versions,
    path_hash,
    plain,
    run_folder,
)
from scoring.translation import choose_tokenizer


def perform(job: Job, run: CompareRun) -> None:
    """Do `job`, unless it is done."""
    actions: dict[str, Callable[[], object]] = {
        "read": lambda: read_corpora(run),
        "translate": lambda: translate_training(run, job.subject),
        "round-trip": lambda: translate_back(run, job.subject),
        "check": lambda: check(run),
        "train": lambda: train(job, run),
        "predict": lambda: predict(job, run),
        "report": lambda: report(run),
    }
    actions[job.kind]()


def report(run: CompareRun) -> None:
    """Scores, tests, table and charts of all cells; models go unless they are to be kept."""
    write_results(run)
    if not run.config.keep_models:
        shutil.rmtree(run.run / MODELS, ignore_errors=True)


Notice = Callable[[Job, int, int, float], None]
"""Told of every job that is done: its number from 1, how many there are, and its seconds."""


Submit = Callable[[Job, CompareRun], None]


def prepare(config: CompareConfig) -> CompareRun:
    """The run of `config`.

    Raises `UserError` for what does not exist, cannot be translated, or could not be scored: all
    that would otherwise end a comparison after hours of translating and training.
    """
    identity = config.model_dump(mode="json", exclude={"out", "runtime", "keep_models", "memory"})
    folder = config.out or run_folder(runs_folder(), config.name, fingerprint(identity))
    run = CompareRun(config, folder)
    for corpus, _ in run.corpora().values():
        if not corpus.path.exists():
            raise UserError("no such file", file=corpus.path)
    _check_directions(run)
    _check_trainers(run)
    if config.task == "text":
        for lang in (*run.langs, *([config.source.lang] if config.source.test else ())):
            choose_tokenizer(lang, config.tokenize)
    return run


def _check_trainers(run: CompareRun) -> None:
    for trainer in run.config.trainers:
        if trainer.predictor is None:
            make_trainer(trainer, run.config).check()
        else:
            load_model(run, trainer.title, "source", 0)


def _check_directions(run: CompareRun) -> None:
    strategies = set(run.config.strategies)
    source = run.config.source
    for lang in run.langs:
        pairs = []
        if needs_translation(run.config.strategies):
            pairs.append((source.lang, lang))
        if strategies & set(BY_WAY_OF_SOURCE):
            pairs.append((lang, source.lang))
        for before, after in pairs:
            config = run.config.translation(before, after, input=source.train.path, out=run.run)
            settings = resolve_settings(config)
            translator_of(settings).translate([], before, after, settings.options())


def manifest(run: CompareRun) -> RunManifest:
    """`run.json`. Cells know themselves what they were made from, so a run may be added to."""
    config = run.config
    return RunManifest(
        name=config.name,
        fingerprint=fingerprint(["compare", VERSION, config.task, config.source.lang]),
        config=plain(config.model_dump(mode="json")),
        versions=package_versions(
            (*VERSIONED, "python-crfsuite", "scikit-learn", "sacrebleu", "torch", "transformers")
        ),
        inputs={c.path.as_posix(): path_hash(c.path) for c, _ in run.corpora().values()},
    )


def _counting(one: RunManifest) -> dict[str, Any]:
    source = one.config.get("source")
    lang = source.get("lang") if isinstance(source, dict) else source
    return {"config": {"task": one.config.get("task"), "source": {"lang": lang}}}


def compare(
    config: CompareConfig, notice: Notice | None = None, submit: Submit = perform
) -> CompareRun:
    """Carry out the comparison, or what of it is not done yet; see `results.json`."""
    run = prepare(config)
    stages = plan(run)
    total = sum(map(len, stages))
    done = 0
    with open_run(run.run, manifest(run), _counting):
        for stage in stages:
            for job in stage:
                began = time.monotonic()
                submit(job, run)
                done += 1
                if notice is not None:
                    notice(job, done, total, time.monotonic() - began)
    return run
