"""translate-test: rows are translated to the predictor's language, predicted, and brought back."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from augmentation.pipeline.cache import _Shared
from augmentation.pipeline.versions import VERSIONED
from augmentation.translate_test.back_projection import TranslatedRow
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.merging import ensemble
from augmentation.translate_test.predictors import given_predictors, predictor_identity
from augmentation.translate_test.round_trip import bridge_of
from augmentation.translate_train.layout import VERSIONS, checksum, rows_dropped
from augmentation.translate_train.setup import Settings, resolve_settings
from corpora.manifest import RunManifest, fingerprint, open_run, package_versions
from corpora.predictions import Prediction, prediction_to_json
from corpora.schema import batch_to_rows
from corpora.shards import ShardRef, ShardWriter, is_done, list_shards, read_batches
from corpora.storage import replacing
from trainers.load import load_predictor
from trainers.protocol import Predictor

VERSION = 3


READ, ANSWER = "10-ingest", "50-answer"


PREDICTIONS_FILE = "predictions.jsonl"


ANSWER_SCHEMA = pa.schema([pa.field("line", pa.string(), nullable=False)])
"""Predictions as they are written: one JSON object a row."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one row: the prediction on the row itself, and the translation it rests on."""

    prediction: Prediction
    translated: TranslatedRow

    def line(self) -> str:
        """One line of `predictions.jsonl`."""
        row, best = self.translated.row, self.translated.texts[0]
        values = prediction_to_json(self.prediction) | {
            "lang": row.lang,
            "text": row.text,
            "translation": best.text,
            "translation_score": round(best.score, 6),
        }
        if row.text_pair is not None:
            values["text_pair"] = row.text_pair
            values["translation_pair"] = self.translated.pairs[0].text
        if len(self.translated.texts) > 1:
            values["translations"] = [text.text for text in self.translated.texts]
        return json.dumps(values, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class TestRun:
    """A translate-test run with all that depends on the outside looked up."""

    __test__ = False  # not a test, whatever pytest makes of its name

    config: TranslateTestConfig
    settings: Settings
    predictors: tuple[str, ...]
    """What stands for each of `given_predictors`; see `predictor_identity`."""

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.config.out


def prepare_test_run(config: TranslateTestConfig) -> TestRun:
    """Look at input, model and predictors.

    Raises `UserError` for what does not exist, and for languages that the translator lacks.
    """
    settings = resolve_settings(config.translation())
    run = TestRun(config, settings, tuple(map(predictor_identity, given_predictors(config))))
    bridge_of(settings, config.target).check()
    _predictors(run)
    return run


_COUNTED_APART = {"input", "out", "runtime", "predictor", "ensemble", "timeout", "model"}


def _asked(run: TestRun) -> dict[str, Any]:
    return {
        "version": VERSION,
        "predictors": run.predictors,
        "model": run.settings.model.name,
        "projector": run.settings.projector,
        **run.config.model_dump(mode="json", exclude=_COUNTED_APART),
    }


def _counting(one: RunManifest) -> dict[str, Any]:
    config = {key: value for key, value in one.config.items() if key not in _COUNTED_APART}
    given = {one.config.get("predictor"), one.config.get("ensemble")}
    inputs = {name: what for name, what in one.inputs.items() if name in given}
    return {"config": config, "models": one.models, "inputs": inputs}


def test_manifest(run: TestRun) -> RunManifest:
    """`run.json`."""
    config = run.config
    return RunManifest(
        name="translate-test",
        fingerprint=fingerprint(_asked(run)),
        config=config.model_dump(mode="json"),
        versions=package_versions((*VERSIONED, "python-crfsuite", "scikit-learn", "torch")),
        models=dict(run.settings.model.hashes),
        inputs={
            config.input.as_posix(): run.settings.input_hash,
            **dict(zip(given_predictors(config), run.predictors, strict=True)),
        },
        seed=config.seed,
    )


test_manifest.__test__ = False  # type: ignore[attr-defined]


_shared = _Shared()


def _predictors(run: TestRun) -> tuple[Predictor, Predictor | None]:
    config = run.config

    def load(where: str) -> Predictor:
        return load_predictor(
            where, config.task, timeout=config.timeout, device=config.runtime.device
        )

    def make() -> tuple[Predictor, Predictor | None]:
        other = None if config.ensemble is None else load(config.ensemble)
        return load(config.predictor), other

    found: tuple[Predictor, Predictor | None] = _shared.get(
        ("predictors", run.predictors, config.task, config.timeout), make
    )
    return found


def read_shards(run: TestRun) -> list[ShardRef]:
    """Read the input into shards; those that are done are left alone."""
    config = run.config
    reading = config.reading
    corpus = reading.open(config.input, config.task, config.source, labelled=False)
    made_from = fingerprint(
        ["read", VERSION, VERSIONS["ingest"], run.settings.input_hash, config.task,
         config.source, config.shard_rows, reading]
    )  # fmt: skip
    refs = []
    for index, batch in enumerate(corpus.batches(config.shard_rows, limit=reading.limit)):
        ref = ShardRef(run.run, READ, index)
        refs.append(ref)
        if not is_done(ref, made_from):
            with ShardWriter(ref, made_from) as out:
                out.write_rows(batch.rows, batch.dropped, rows_in=batch.rows_in)
    return refs


def answer_shard(ref: ShardRef, run: TestRun) -> ShardRef:
    """Predictions for the rows of a shard."""
    config = run.config
    out = ref.next(ANSWER)
    made_from = fingerprint(["answer", checksum(ref), _asked(run)])
    if is_done(out, made_from):
        return out
    predictor, other = _predictors(run)
    bridge = bridge_of(run.settings, config.target, config.n_best)
    rows = [row for batch in read_batches(ref) for row in batch_to_rows(batch)]
    with ShardWriter(out, made_from, schema=ANSWER_SCHEMA) as writer:
        translated = bridge.over(rows)
        predictions = bridge.predict(translated, predictor, other is not None)
        if other is not None:
            own = other.predict(rows)
            predictions = [
                ensemble(config.task, one, two, config.ensemble_weight)
                for one, two in zip(predictions, own, strict=True)
            ]
        lines = [Answer(p, t).line() for p, t in zip(predictions, translated, strict=True)]
        writer.write(pa.RecordBatch.from_pydict({"line": lines}, schema=ANSWER_SCHEMA),
                     rows_in=len(rows))  # fmt: skip
    return out


@dataclass(frozen=True, slots=True)
class TestResult:
    """A translate-test run that is done."""

    __test__ = False

    run: Path
    predictions: Path
    rows: int
    dropped: int
    """Rows that `on_error: skip` left out when they were read; they are in the run folder."""
    flags: Counter[str]
    """How many predictions bear a flag."""
    seconds: float


Map = Callable[[Sequence[ShardRef], TestRun], Sequence[ShardRef]]
"""Answers every shard, wherever that is done."""


def in_process(refs: Sequence[ShardRef], run: TestRun) -> list[ShardRef]:
    """One shard after the other, here."""
    return [answer_shard(ref, run) for ref in refs]


def translate_test(config: TranslateTestConfig, answer: Map = in_process) -> TestResult:
    """Carry out the run, or what of it is not done yet; `predictions.jsonl` is the result."""
    began = time.monotonic()
    run = prepare_test_run(config)
    with open_run(run.run, test_manifest(run), _counting):
        refs = read_shards(run)
        for surplus in list_shards(run.run, READ)[len(refs) :]:
            surplus.sidecar_path.unlink(missing_ok=True)
        answered = answer(refs, run)
        dropped = sum(rows_dropped(ref) for ref in refs)
        return _write(run, answered, dropped, began)


def _write(run: TestRun, answered: Sequence[ShardRef], dropped: int, began: float) -> TestResult:
    flags: Counter[str] = Counter()
    rows = 0
    path = run.run / PREDICTIONS_FILE
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for ref in answered:
            for batch in read_batches(ref):
                for line in batch.column("line").to_pylist():
                    out.write(line + "\n")
                    rows += 1
                    flags.update(set(json.loads(line).get("flags", ())))
    return TestResult(run.run, path, rows, dropped, flags, time.monotonic() - began)
