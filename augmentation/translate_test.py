"""translate-test: rows are translated to the predictor's language, predicted, and brought back."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field, model_validator

from alignment.protocol import SpanProjector
from augmentation import steps
from augmentation.bring_back import TranslatedRow, average, bring_back, ensemble
from augmentation.config import (
    MOST_HYPOTHESES,
    VERSIONED,
    DecodingConfig,
    ProjectionConfig,
    ReadingConfig,
    RuntimeConfig,
    Settings,
    TranslateTrainConfig,
    resolve_settings,
)
from augmentation.settings import KnownTask, Language, Models, Strict
from augmentation.whole_texts import WholeTranslation, translate_whole
from corpora.batches import batch_to_rows
from corpora.checks import Task
from corpora.fingerprint import file_hash, fingerprint, path_hash
from corpora.manifest import RunManifest, open_run, package_versions
from corpora.predictions import Prediction, prediction_to_json
from corpora.records import Row
from corpora.shards import ShardRef, ShardWriter, is_done, list_shards, read_batches
from corpora.storage import replacing
from trainers.command import DEFAULT_TIMEOUT, PREFIX, named_files
from trainers.load import load_predictor
from trainers.protocol import Predictor
from translators.protocol import DecodingOptions, Translator

VERSION = 3
READ, ANSWER = "10-ingest", "50-answer"
PREDICTIONS_FILE = "predictions.jsonl"
ANSWER_SCHEMA = pa.schema([pa.field("line", pa.string(), nullable=False)])
"""Predictions as they are written: one JSON object a row."""


class TranslateTestConfig(Strict):
    """Everything that a translate-test run is told."""

    input: Path
    task: KnownTask
    source: Language
    """Language of the input."""
    target: Language
    """Language of the predictor."""
    predictor: str
    """Folder, hub id, or `command:...`."""
    out: Path
    """The run folder."""
    model: Models = None
    pivot: Language | None = None
    n_best: int = Field(1, ge=1, le=MOST_HYPOTHESES)
    """Translations of a row; the predictions on them are averaged."""
    ensemble: str | None = None
    """A predictor for the input's own language, whose logits are averaged with the others."""
    ensemble_weight: float = Field(0.5, ge=0, le=1)
    timeout: float = Field(DEFAULT_TIMEOUT, gt=0)
    """Seconds that a command has for a shard."""
    reading: ReadingConfig = ReadingConfig()
    decoding: DecodingConfig = DecodingConfig()
    projection: ProjectionConfig = ProjectionConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    shard_rows: int = Field(2000, ge=1)
    seed: int = Field(0, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _two_languages(self) -> TranslateTestConfig:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}")
        return self

    def translation(self) -> TranslateTrainConfig:
        """How the rows are translated, as translate-train is told it."""
        shared = ("input", "task", "source", "model", "pivot", "reading", "decoding", "projection",
                  "runtime", "seed")  # fmt: skip
        values = {name: getattr(self, name) for name in shared}
        return TranslateTrainConfig(**values, targets=(self.target,), out=self.out)


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
class Bridge:
    """The way between the rows' language (`source`) and the predictor's (`target`)."""

    task: Task
    source: str
    target: str
    translator: Translator
    projector: SpanProjector | None
    options: DecodingOptions

    def check(self) -> None:
        """Raise `UserError` if the translator lacks a pair of languages that is needed."""
        self.translator.translate([], self.source, self.target, self.options)
        if self.task == "text":
            self.translator.translate([], self.target, self.source, self.options)

    def over(self, rows: Sequence[Row]) -> list[TranslatedRow]:
        """The rows' n-best translations."""
        from translators.sentences import split_sentences

        def translate(texts: Sequence[str]) -> list[list[WholeTranslation]]:
            return translate_whole(
                texts, self.source, self.target, self.translator, self.options, split_sentences
            )

        texts = translate([row.text for row in rows])
        paired = any(row.text_pair is not None for row in rows)
        pairs = translate([row.text_pair or "" for row in rows]) if paired else [[] for _ in rows]
        return [
            _translated(row, own, other if row.text_pair is not None else [])
            for row, own, other in zip(rows, texts, pairs, strict=True)
        ]

    def predict(
        self, translated: Sequence[TranslatedRow], predictor: Predictor, ensemble: bool = False
    ) -> list[Prediction]:
        """The predictor's word on the translations, brought back and averaged; one a row.

        For an `ensemble` with another predictor, what was weighed besides is brought back too.
        """
        variants = [one.variants(self.target) for one in translated]
        said = iter(predictor.predict([row for own in variants for row in own]))
        predictions = [[next(said) for _ in own] for own in variants]
        back = bring_back(
            self.task,
            translated,
            predictions,
            self.projector,
            source=self.source,
            target=self.target,
            candidates=ensemble or self.options.num_hypotheses > 1,
        )
        out = [
            replace(one, flags=(*one.flags, *t.flags))
            for t, one in zip(translated, (average(self.task, own) for own in back), strict=True)
        ]
        return self._home(out) if self.task == "text" else out

    def _home(self, predictions: Sequence[Prediction]) -> list[Prediction]:
        """Free text in the rows' language."""
        from translators.sentences import split_sentences

        texts = translate_whole(
            [one.target or "" for one in predictions],
            self.target,
            self.source,
            self.translator,
            replace(self.options, num_hypotheses=1),
            split_sentences,
        )
        return [
            replace(
                one,
                target=own[0].text,
                flags=(*one.flags, *(f"back-translation-{flag}" for flag in own[0].flags)),
            )
            for one, own in zip(predictions, texts, strict=True)
        ]


def _translated(
    row: Row, texts: list[WholeTranslation], pairs: list[WholeTranslation]
) -> TranslatedRow:
    count = max(len(texts), len(pairs))
    return TranslatedRow(
        row,
        tuple(texts[min(k, len(texts) - 1)] for k in range(count)),
        tuple(pairs[min(k, len(pairs) - 1)] for k in range(count)) if pairs else (),
    )


def bridge_of(
    settings: Settings, target: str, n_best: int = 1, *, source: str | None = None
) -> Bridge:
    """The bridge of a run that is set up as translate-train from `source` to `target` is."""
    options = settings.options()
    options = replace(options, num_hypotheses=n_best, beam_size=max(options.beam_size, n_best))
    return Bridge(
        settings.config.task,
        source or settings.config.source,
        target,
        steps.translator_of(settings),
        steps.open_projector(settings),
        options,
    )


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


def given_predictors(config: TranslateTestConfig) -> list[str]:
    """Where the predictors are: the one that is asked, and that of the ensemble."""
    return [p for p in (config.predictor, config.ensemble) if p is not None]


def predictor_identity(predictor: str) -> str:
    """What stands for a predictor: the content of its folder, its hub id, or its command with the
    content of the files that it names."""
    if predictor.startswith(PREFIX):
        files = named_files(predictor.removeprefix(PREFIX))
        hashes = {file.as_posix(): file_hash(file) for file in files}
        return fingerprint([predictor, hashes]) if hashes else predictor
    return path_hash(predictor) if Path(predictor).is_dir() else predictor


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
_shared = steps._Shared()


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
        ["read", VERSION, steps.VERSIONS["ingest"], run.settings.input_hash, config.task,
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
    made_from = fingerprint(["answer", steps.checksum(ref), _asked(run)])
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
        dropped = sum(steps.rows_dropped(ref) for ref in refs)
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
