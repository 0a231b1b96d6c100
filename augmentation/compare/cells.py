"""The cells of a comparison: what a model predicts for a test set."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augmentation.compare.context import CELLS, VERSION, CompareContext
from augmentation.compare.grid import Cell, ModelKey, models_of
from augmentation.compare.leakage import bare, rows_fingerprint
from augmentation.compare.models import load_model, model_artifact, model_fingerprint
from augmentation.compare.strategies import THROUGH_SOURCE
from augmentation.compare.translations import translation_seconds
from augmentation.pipeline.artifacts import Artifact
from augmentation.translate_test.back_projection import TranslatedRow
from augmentation.translate_test.round_trip import RoundTrip
from augmentation.translation.setup import TranslationSetup, resolve_translation
from corpora.fingerprint import fingerprint
from corpora.predictions import Prediction, prediction_from_json, prediction_to_json
from corpora.storage import replacing

ENSEMBLE_VERSION = 3
"""Raised whenever the way changes in which several predictions are merged into one."""


def predictions_path(cell: Cell, context: CompareContext) -> Path:
    """Where the predictions of `cell` of the comparison `context` are."""
    folder = context.run / CELLS / cell.trainer / cell.strategy / cell.lang / f"seed-{cell.seed}"
    return folder / "predictions.jsonl"


def cell_artifact(cell: Cell, context: CompareContext) -> Artifact:
    """The predictions of `cell` of the comparison `context`, with their record."""
    path = predictions_path(cell, context)
    return Artifact(path, path.with_name("cell.json"))


def goes_through_source(cell: Cell, context: CompareContext) -> bool:
    """Whether the test set of `cell` of the comparison `context` is translated to the source
    language."""
    return cell.strategy in THROUGH_SOURCE and cell.lang != context.config.source.lang


def cell_fingerprint(cell: Cell, context: CompareContext) -> str:
    """What the predictions of `cell` of the comparison `context` are made from."""
    config = context.config
    models = [model_fingerprint(key, context) for key in models_of(cell, context)]
    test = rows_fingerprint(context.test_sets()[cell.lang])
    translation: Any = None
    if goes_through_source(cell, context):
        setup = test_set_translation(context, cell.lang)
        identity = setup.identity(config.source.lang)
        translation = [identity, setup.projector, config.projection, config.n_best]
        translation += [ENSEMBLE_VERSION] if config.n_best > 1 else []
    is_ensemble = cell.strategy == "ensemble"
    weight = [ENSEMBLE_VERSION, config.ensemble_weight] if is_ensemble else None
    return fingerprint([VERSION, cell.strategy, models, test, translation, weight])


def cell_done(cell: Cell, context: CompareContext) -> bool:
    """Whether the predictions of `cell` of the comparison `context` are there, made from what they
    are to be made from."""
    return cell_artifact(cell, context).is_done(cell_fingerprint(cell, context))


def test_set_translation(context: CompareContext, lang: str) -> TranslationSetup:
    """How the test set of `context` in `lang` is translated to the source language."""
    return context.cache.get(
        ("test-set-translation", lang),
        lambda: resolve_translation(context.config, task=context.config.task, source=lang),
    )


@dataclass(frozen=True, slots=True)
class _TranslatedTestSet:
    """A test set translated to the source language."""

    round_trip: RoundTrip
    rows: list[TranslatedRow]
    seconds: float


def _translate_test_set(context: CompareContext, lang: str) -> _TranslatedTestSet:
    def make() -> _TranslatedTestSet:
        began = time.monotonic()
        config = context.config
        setup = test_set_translation(context, lang)
        round_trip = RoundTrip.of(setup, config.source.lang, config.n_best)
        rows = round_trip.translate([bare(row) for row in context.rows(f"{lang}-test")])
        return _TranslatedTestSet(round_trip, rows, time.monotonic() - began)

    return context.cache.get(("translated-test-set", lang), make)


def predict(cell: Cell, context: CompareContext) -> None:
    """Predict for `cell` of the comparison `context`, unless that is done."""
    if cell_done(cell, context):
        return
    keys = models_of(cell, context)
    records = [model_artifact(key, context).facts() for key in keys]
    seconds = {"train": sum(float(record.get("seconds", 0)) for record in records)}
    predictions = _predict(cell, context, keys, seconds)
    seconds["translate"] = seconds.get("translate", 0.0) + sum(
        translation_seconds(context, part)
        for part in dict.fromkeys(part for key in keys for part in key.training_set.parts)
    )
    path = predictions_path(cell, context)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for prediction in predictions:
            out.write(json.dumps(prediction_to_json(prediction), ensure_ascii=False) + "\n")
    flags = Counter(flag for prediction in predictions for flag in set(prediction.flags))
    cell_artifact(cell, context).note_done(
        cell_fingerprint(cell, context),
        training_rows=[int(record["rows"]) for record in records if record],
        seconds={name: round(value, 2) for name, value in seconds.items()},
        flags=dict(flags),
    )


def _predict(
    cell: Cell, context: CompareContext, keys: Sequence[ModelKey], seconds: dict[str, float]
) -> list[Prediction]:
    """The predictions of a cell; how long translating and predicting took goes to `seconds`."""
    rows = [bare(row) for row in context.test_sets()[cell.lang]]
    is_ensemble = cell.strategy == "ensemble"
    began = time.monotonic()
    if goes_through_source(cell, context):
        test_set = _translate_test_set(context, cell.lang)
        seconds["translate"] = test_set.seconds
        began = time.monotonic()
        model = load_model(keys[-1], context)
        round_trip = test_set.round_trip
        predictions = round_trip.predict(test_set.rows, model, for_ensemble=is_ensemble)
        if is_ensemble:
            others = load_model(keys[0], context).predict(rows)
            weight = context.config.ensemble_weight
            predictions = round_trip.combine(predictions, others, weight)
    else:
        predictions = load_model(keys[0], context).predict(rows)
    seconds["predict"] = time.monotonic() - began
    return predictions


def read_cell(cell: Cell, context: CompareContext) -> tuple[list[Prediction], dict[str, Any]]:
    """The predictions of `cell` of the comparison `context`, which is done, and its record."""
    by_id = {row.id: row for row in context.test_sets()[cell.lang]}
    with predictions_path(cell, context).open(encoding="utf-8") as file:
        predictions = [prediction_from_json(json.loads(line), by_id) for line in file]
    return predictions, cell_artifact(cell, context).facts()
