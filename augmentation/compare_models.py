"""The models of a comparison, and its cells: what one of them predicts for a test set."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.bring_back import TranslatedRow, ensemble
from augmentation.compare_data import bare, rows_fingerprint
from augmentation.compare_plan import (
    BY_WAY_OF_SOURCE,
    CELLS,
    MODELS,
    TRANSLATIONS,
    VERSION,
    CompareRun,
    Job,
    cells_of,
    kind_and_lang,
    make_trainer,
    read_json,
    training_sets,
)
from augmentation.compare_sets import dev_rows, training_rows
from augmentation.config import Settings, resolve_settings
from augmentation.translate_test import Bridge, bridge_of, predictor_identity
from corpora.fingerprint import file_hash, fingerprint, path_hash
from corpora.predictions import Prediction, prediction_from_json, prediction_to_json
from corpora.storage import replacing, write_text
from trainers.load import load_predictor
from trainers.protocol import Predictor

POOLING = 3
"""How the words of several predictors are made one."""


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


def cell_folder(cell: Job, run: CompareRun) -> Path:
    """Where the predictions of a cell lie."""
    return run.run / CELLS / cell.trainer / cell.subject / cell.lang / f"seed-{cell.seed}"


def _cell_fingerprint(cell: Job, run: CompareRun) -> str:
    config = run.config
    source = config.source.lang
    sets = training_sets(cell.subject, cell.lang, source)
    models = [_model_fingerprint(run, cell.trainer, name, cell.seed) for name in sets]
    test = rows_fingerprint(run.test_sets()[cell.lang])
    way: Any = None
    if cell.subject in BY_WAY_OF_SOURCE and cell.lang != source:
        settings = test_settings(run, cell.lang)
        way = [settings.identity(source), settings.projector, config.projection, config.n_best]
        way += [POOLING] if config.n_best > 1 else []
    weight = [POOLING, config.ensemble_weight] if cell.subject == "ensemble" else None
    return fingerprint([VERSION, cell.subject, models, test, way, weight])


def cell_done(cell: Job, run: CompareRun) -> bool:
    """Whether the predictions of a cell are there, made from what it is to be made from."""
    folder = cell_folder(cell, run)
    facts = read_json(folder / "cell.json")
    path = folder / "predictions.jsonl"
    return (
        facts.get("fingerprint") == _cell_fingerprint(cell, run)
        and path.is_file()
        and file_hash(path) == facts.get("checksum")
    )


def test_settings(run: CompareRun, lang: str) -> Settings:
    """How the test set in `lang` is translated to the source language."""

    def make() -> Settings:
        path = run.data_ref(f"{lang}-test").path
        source = run.config.source.lang
        return resolve_settings(
            run.config.translation(lang, source, input=path, out=run.run / TRANSLATIONS / "tests")
        )

    found: Settings = run.once(("test-settings", lang), make)
    return found


test_settings.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever its name


@dataclass(frozen=True, slots=True)
class _Crossing:
    """A test set on the other side of its bridge."""

    bridge: Bridge
    translated: list[TranslatedRow]
    seconds: float


def _cross(run: CompareRun, lang: str) -> _Crossing:
    def make() -> _Crossing:
        began = time.monotonic()
        config = run.config
        bridge = bridge_of(test_settings(run, lang), config.source.lang, config.n_best)
        translated = bridge.over([bare(row) for row in run.rows(f"{lang}-test")])
        return _Crossing(bridge, translated, time.monotonic() - began)

    found: _Crossing = run.once(("crossing", lang), make)
    return found


def predict(cell: Job, run: CompareRun) -> None:
    """The predictions of one cell, unless they are there."""
    if cell_done(cell, run):
        return
    config = run.config
    sets = training_sets(cell.subject, cell.lang, config.source.lang)
    rows = [bare(row) for row in run.test_sets()[cell.lang]]
    facts = [read_json(model_folder(run, cell.trainer, n, cell.seed) / "done.json") for n in sets]
    seconds = {"train": sum(float(one.get("seconds", 0)) for one in facts)}
    began = time.monotonic()
    if cell.subject in BY_WAY_OF_SOURCE and cell.lang != config.source.lang:
        crossing = _cross(run, cell.lang)
        seconds["translate"] = crossing.seconds
        began = time.monotonic()
        model = load_model(run, cell.trainer, sets[-1], cell.seed)
        predictions = crossing.bridge.predict(
            crossing.translated, model, cell.subject == "ensemble"
        )
    else:
        predictions = load_model(run, cell.trainer, sets[0], cell.seed).predict(rows)
    if cell.subject == "ensemble":
        own = load_model(run, cell.trainer, sets[0], cell.seed).predict(rows)
        predictions = [
            ensemble(config.task, one, other, config.ensemble_weight)
            for one, other in zip(predictions, own, strict=True)
        ]
    seconds["predict"] = time.monotonic() - began
    seconds["translate"] = seconds.get("translate", 0.0) + sum(
        float(read_json(run.run / TRANSLATIONS / f"{name}.json").get("seconds", 0))
        for name in _translations_of(sets, run)
    )
    _write_cell(cell, run, predictions, seconds, [int(one["rows"]) for one in facts if one])


def _translations_of(sets: Sequence[str], run: CompareRun) -> list[str]:
    """The translations that training sets rest on, by the names of their folders."""
    out: dict[str, None] = {}
    for name in sets:
        for part in name.split("+"):
            kind, lang = kind_and_lang(part)
            langs = run.langs if lang == "all" else [lang]
            if kind in ("translated", "round-trip"):
                out |= {f"to-{one}": None for one in langs}
            if kind == "round-trip":
                out[f"back-from-{lang}"] = None
    return list(out)


def _write_cell(
    cell: Job,
    run: CompareRun,
    predictions: Sequence[Prediction],
    seconds: dict[str, float],
    rows: list[int],
) -> None:
    folder = cell_folder(cell, run)
    path = folder / "predictions.jsonl"
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for one in predictions:
            out.write(json.dumps(prediction_to_json(one), ensure_ascii=False) + "\n")
    values = {
        "fingerprint": _cell_fingerprint(cell, run),
        "checksum": file_hash(path),
        "training_rows": rows,
        "seconds": {name: round(value, 2) for name, value in seconds.items()},
        "flags": dict(Counter(flag for one in predictions for flag in set(one.flags))),
    }
    write_text(folder / "cell.json", json.dumps(values, indent=1) + "\n")


def read_cell(cell: Job, run: CompareRun) -> tuple[list[Prediction], dict[str, Any]]:
    """The predictions of a cell that is done, and what is on record of it."""
    folder = cell_folder(cell, run)
    by_id = {row.id: row for row in run.test_sets()[cell.lang]}
    with (folder / "predictions.jsonl").open(encoding="utf-8") as file:
        predictions = [prediction_from_json(json.loads(line), by_id) for line in file]
    return predictions, read_json(folder / "cell.json")
