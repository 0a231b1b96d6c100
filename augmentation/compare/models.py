"""The models of a comparison."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from augmentation.compare.cells import cell_done
from augmentation.compare.context import MODELS, VERSION, CompareRun, read_json
from augmentation.compare.leakage import rows_fingerprint
from augmentation.compare.plan import Job, cells_of
from augmentation.compare.strategies import training_sets
from augmentation.compare.trainers import make_trainer
from augmentation.compare.training_sets import dev_rows, training_rows
from augmentation.translate_test.predictors import predictor_identity
from corpora.manifest import fingerprint, path_hash
from corpora.storage import write_text
from trainers.load import load_predictor
from trainers.protocol import Predictor


def model_folder(run: CompareRun, trainer: str, name: str, seed: int) -> Path:
    """Where a model lies."""
    return run.run / MODELS / trainer / name / f"seed-{seed}"


def _model_fingerprint(run: CompareRun, trainer: str, name: str, seed: int) -> str:
    def make() -> str:
        config = run.trainer(trainer)
        if config.predictor is not None:
            return fingerprint([VERSION, predictor_identity(config.predictor), run.config.task])
        described = config.model_dump(mode="json", exclude={"name"})
        if config.model is not None and Path(config.model).is_dir():
            described["model"] = path_hash(config.model)
        rows = rows_fingerprint(training_rows(run, name, seed))
        dev = rows_fingerprint(dev_rows(run, name))
        return fingerprint([VERSION, described, run.config.task, rows, dev, seed])

    found: str = run.once(("model", trainer, name, seed), make)
    return found


def train(job: Job, run: CompareRun) -> None:
    """Train a model, unless it is there or no cell needs it any more."""
    folder = model_folder(run, job.trainer, job.subject, job.seed)
    made_from = _model_fingerprint(run, job.trainer, job.subject, job.seed)
    if read_json(folder / "done.json").get("fingerprint") == made_from:
        return
    if all(cell_done(cell, run) for cell in cells_of(run) if _rests_on(cell, job, run)):
        return
    shutil.rmtree(folder, ignore_errors=True)
    rows = training_rows(run, job.subject, job.seed)
    began = time.monotonic()
    trainer = make_trainer(run.trainer(job.trainer), run.config)
    predictor = trainer.fit(rows, dev_rows(run, job.subject), seed=job.seed)
    seconds = time.monotonic() - began
    predictor.save(folder)
    values = {"fingerprint": made_from, "rows": len(rows), "seconds": round(seconds, 2)}
    write_text(folder / "done.json", json.dumps(values) + "\n")


def _rests_on(cell: Job, job: Job, run: CompareRun) -> bool:
    sets = training_sets(cell.subject, cell.lang, run.config.source.lang)
    return cell.trainer == job.trainer and cell.seed == job.seed and job.subject in sets


def load_model(run: CompareRun, trainer: str, name: str, seed: int) -> Predictor:
    """A model that has been trained, or was there before."""
    config = run.trainer(trainer)
    if config.predictor is not None:
        return load_predictor(
            config.predictor,
            run.config.task,
            timeout=config.timeout,
            device=run.config.runtime.device,
            revision=config.revision,
        )
    folder = model_folder(run, trainer, name, seed)
    return load_predictor(folder, run.config.task, device=run.config.runtime.device)
