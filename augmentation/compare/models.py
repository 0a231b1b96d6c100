"""The models of a comparison: trained by it, or predictors that exist already."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from augmentation.compare.check import check_result
from augmentation.compare.context import MODELS, VERSION, CompareContext
from augmentation.compare.grid import ModelKey
from augmentation.compare.leakage import rows_fingerprint
from augmentation.compare.trainers import make_trainer
from augmentation.compare.training_sets import dev_rows, training_rows
from augmentation.pipeline.artifacts import Artifact
from corpora.fingerprint import fingerprint, path_hash
from corpora.records import Row
from trainers.identity import predictor_identity
from trainers.load import load_predictor
from trainers.protocol import Predictor


def model_folder(key: ModelKey, context: CompareContext) -> Path:
    """The folder of the model `key` of the comparison `context`."""
    return context.run / MODELS / key.trainer / key.training_set.name / f"seed-{key.seed}"


def model_artifact(key: ModelKey, context: CompareContext) -> Artifact:
    """The model `key` of the comparison `context`, with its record."""
    return Artifact.beside(model_folder(key, context))


def rows_of(key: ModelKey, context: CompareContext) -> list[Row]:
    """What the model `key` of the comparison `context` is trained on."""
    result = check_result(context)
    return training_rows(
        context,
        key.training_set,
        key.seed,
        leaked=set(result.dropped),
        few_leaked=result.few_dropped,
    )


def model_fingerprint(key: ModelKey, context: CompareContext) -> str:
    """What the model `key` of the comparison `context` is made from."""

    def make() -> str:
        config = context.config.trainer(key.trainer)
        task = context.config.task
        if config.predictor is not None:
            return fingerprint([VERSION, predictor_identity(config.predictor), task])
        described = config.model_dump(mode="json", exclude={"name"})
        if config.model is not None and Path(config.model).is_dir():
            described["model"] = path_hash(config.model)
        rows = rows_fingerprint(rows_of(key, context))
        dev = rows_fingerprint(dev_rows(context, key.training_set))
        return fingerprint([VERSION, described, task, rows, dev, key.seed])

    return context.cache.get(("model", key), make)


def train(key: ModelKey, context: CompareContext) -> None:
    """Train the model `key` of the comparison `context`, unless it is done."""
    artifact = model_artifact(key, context)
    made_from = model_fingerprint(key, context)
    if artifact.is_done(made_from):
        return
    folder = model_folder(key, context)
    artifact.forget()
    shutil.rmtree(folder, ignore_errors=True)
    rows = rows_of(key, context)
    config = context.config
    trainer = make_trainer(config.trainer(key.trainer), config.task, config.runtime.device)
    began = time.monotonic()
    predictor = trainer.fit(rows, dev_rows(context, key.training_set), seed=key.seed)
    seconds = time.monotonic() - began
    predictor.save(folder)
    artifact.note_done(made_from, rows=len(rows), seconds=round(seconds, 2))


def load_model(key: ModelKey, context: CompareContext) -> Predictor:
    """The model `key` of the comparison `context`, trained here or existing before."""
    config = context.config.trainer(key.trainer)
    task, device = context.config.task, context.config.runtime.device
    if config.predictor is not None:
        return load_predictor(
            config.predictor,
            task,
            timeout=config.timeout,
            device=device,
            revision=config.revision,
        )
    return load_predictor(model_folder(key, context), task, device=device)
