"""Which way of transfer is best? The plan of a comparison, and its jobs one by one.

Every job leaves files behind and looks first whether they are there already, made from the same
things; so a comparison goes on where it was cut off, and one more strategy or seed costs only
itself.
"""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from augmentation import steps
from augmentation.bring_back import TranslatedRow, ensemble
from augmentation.compare_config import (
    WITHOUT_TRAINING,
    CompareConfig,
    CorpusConfig,
    Strategy,
    TargetConfig,
    TrainerConfig,
)
from augmentation.compare_data import (
    bare,
    check_groups,
    check_labels,
    few_shortages,
    find_leaks,
    rows_fingerprint,
    sample_few,
)
from augmentation.config import (
    VERSIONED,
    Settings,
    TranslateTrainConfig,
    resolve_settings,
    runs_folder,
)
from augmentation.translate_test import Bridge, bridge_of, predictor_identity
from augmentation.translate_train import translate_train
from corpora.errors import UserError
from corpora.manifest import (
    RunManifest,
    file_hash,
    fingerprint,
    open_run,
    package_versions,
    path_hash,
    plain,
    run_folder,
)
from corpora.predictions import Prediction, prediction_from_json, prediction_to_json
from corpora.records import DroppedRow, Row
from corpora.schema import batch_to_rows
from corpora.shards import ShardRef, ShardWriter, is_done, read_batches
from corpora.storage import replacing, write_text
from trainers.load import load_predictor
from trainers.protocol import Predictor, Trainer

VERSION = 1
POOLING = 3
"""How the words of several predictors are made one."""
DATA, TRANSLATIONS, CHECK, MODELS, CELLS = (
    "10-data", "20-translations", "30-check.json", "40-models", "50-cells",
)  # fmt: skip
RESULTS_FILE = "results.json"
TRANSLATING = ("translate-train", "translate-train+source", "translate-train-all", "ensemble")
BY_WAY_OF_SOURCE = ("translate-test", "translate-test-round-trip", "ensemble")

JobKind = Literal["read", "translate", "round-trip", "check", "train", "predict", "report"]


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do; `name` is what people see.

    `subject` is a language (translate, round-trip), a training set (train) or a strategy (predict).
    """

    kind: JobKind
    subject: str = ""
    trainer: str = ""
    lang: str = ""
    seed: int = 0

    @property
    def name(self) -> str:
        """In words."""
        if self.kind == "train":
            return f"train {self.trainer} on {self.subject}, seed {self.seed}"
        if self.kind == "predict":
            return f"{self.trainer}: {self.subject} to {self.lang}, seed {self.seed}"
        return f"{self.kind} {self.subject}".strip()


@dataclass(frozen=True)
class CompareRun:
    """A comparison, and what its jobs share within a process."""

    config: CompareConfig
    run: Path
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False, compare=False)

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """`make()`, the first time that `key` is asked for."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]

    def forget(self, key: Any) -> None:
        """Make `key` anew when it is next asked for."""
        with self._lock:
            self._kept.pop(key, None)

    @cached_property
    def langs(self) -> list[str]:
        """The target languages."""
        return [target.lang for target in self.config.targets]

    def target(self, lang: str) -> TargetConfig:
        """The target of that language."""
        return next(t for t in self.config.targets if t.lang == lang)

    def trainer(self, title: str) -> TrainerConfig:
        """The trainer of that name."""
        return next(t for t in self.config.trainers if t.title == title)

    def seeds(self, trainer: str, strategy: str) -> tuple[int, ...]:
        """The seeds that make a difference: one where neither training nor data depend on it."""
        config = self.trainer(trainer)
        if config.kind == "predictor":
            return self.config.seeds[:1]
        if strategy == "few-shot" or make_trainer(config, self.config).seeded:
            return self.config.seeds
        return self.config.seeds[:1]

    def corpora(self) -> dict[str, tuple[CorpusConfig, str]]:
        """Every corpus by name, with its language."""
        source = self.config.source
        found = {"source-train": (source.train, source.lang)}
        if source.dev is not None:
            found["source-dev"] = (source.dev, source.lang)
        if source.test is not None:
            found["source-test"] = (source.test, source.lang)
        for target in self.config.targets:
            found[f"{target.lang}-test"] = (target.test, target.lang)
            if target.train is not None:
                found[f"{target.lang}-train"] = (target.train, target.lang)
        return found

    def data_ref(self, name: str) -> ShardRef:
        """Where a corpus lies that has been read."""
        return ShardRef(self.run, f"{DATA}-{name}", 0)

    def rows(self, name: str) -> list[Row]:
        """A corpus that has been read."""
        found: list[Row] = self.once(("rows", name), lambda: _shard_rows(self.data_ref(name)))
        return found

    def test_sets(self) -> dict[str, list[Row]]:
        """The test sets by language, the source's (where there is one) last."""
        found = {lang: self.rows(f"{lang}-test") for lang in self.langs}
        if self.config.source.test is not None:
            found[self.config.source.lang] = self.rows("source-test")
        return found


def make_trainer(config: TrainerConfig, compare: CompareConfig) -> Trainer:
    """The trainer that `config` describes; raises `MissingExtraError` where it needs one."""
    if config.kind == "light":
        from trainers.crf import CrfTrainer
        from trainers.linear import LinearTrainer

        if compare.task == "tokens":
            return CrfTrainer()
        return LinearTrainer(pair=compare.task == "pair")
    from trainers.transformers_trainer import TransformersTrainer  # first: it asks for the extra

    from trainers.fine_tuning_torch import FineTuning  # isort: skip

    names = ("epochs", "batch_size", "learning_rate", "frozen_layers", "patience", "class_weights",
             "precision")  # fmt: skip
    return TransformersTrainer(
        str(config.model),
        compare.task,
        FineTuning(**{name: getattr(config, name) for name in names}),
        config.max_length,
        config.target_length,
        device=compare.runtime.device,
        revision=config.revision,
    )


# The plan.


def plan(run: CompareRun) -> list[list[Job]]:
    """The jobs in stages; those of a stage rest only on earlier stages."""
    config = run.config
    strategies = config.strategies
    translate = [Job("translate", lang) for lang in run.langs if _needs_translation(strategies)]
    back = [
        Job("round-trip", lang) for lang in run.langs if "translate-test-round-trip" in strategies
    ]
    cells = cells_of(run)
    training: dict[Job, None] = {}
    for cell in cells:
        if run.trainer(cell.trainer).kind == "predictor":
            continue
        for name in training_sets(cell.subject, cell.lang, config.source.lang):
            training[Job("train", name, cell.trainer, "", cell.seed)] = None
    stages = [[Job("read")], translate, back, [Job("check")], [*training], cells, [Job("report")]]
    return [stage for stage in stages if stage]


def _needs_translation(strategies: Sequence[str]) -> bool:
    return bool({*TRANSLATING, "translate-test-round-trip"} & set(strategies))


def cells_of(run: CompareRun) -> list[Job]:
    """One prediction job for every trainer, strategy, language and seed."""
    config = run.config
    cells = []
    for trainer in config.trainers:
        for lang in run.langs:
            for strategy in strategies_of(run, trainer.title, lang):
                for seed in run.seeds(trainer.title, strategy):
                    cells.append(Job("predict", strategy, trainer.title, lang, seed))
        if config.source.test is not None:
            for seed in run.seeds(trainer.title, "zero-shot"):
                cells.append(Job("predict", "zero-shot", trainer.title, config.source.lang, seed))
    return cells


def training_sets(strategy: str, lang: str, source: str) -> tuple[str, ...]:
    """The training sets whose models a strategy needs, the target language's first."""
    if lang == source:
        return ("source",)
    sets: dict[str, tuple[str, ...]] = {
        "zero-shot": ("source",),
        "few-shot": (f"source+few-{lang}",),
        "translate-train": (f"translated-{lang}",),
        "translate-train+source": (f"source+translated-{lang}",),
        "translate-train-all": ("source+translated-all",),
        "translate-test": ("source",),
        "translate-test-round-trip": (f"round-trip-{lang}",),
        "ensemble": (f"translated-{lang}", "source"),
    }
    return sets[strategy]


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


# Read.


def read_corpora(run: CompareRun) -> None:
    """Read every corpus into a shard; raises `UserError` for what cannot be compared."""
    for name, (corpus, lang) in run.corpora().items():
        ref = run.data_ref(name)
        made_from = fingerprint(
            [VERSION, steps.VERSIONS["ingest"], path_hash(corpus.path),
             corpus.model_dump(mode="json", exclude={"path"}), run.config.task, lang]
        )  # fmt: skip
        if is_done(ref, made_from):
            continue
        rows, dropped = _read(corpus, lang, run.config.task)
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, dropped, rows_in=len(rows) + len(dropped))
        run.forget(("rows", name))


def _read(corpus: CorpusConfig, lang: str, task: Any) -> tuple[list[Row], list[DroppedRow]]:
    """The rows of a corpus, and those that are not right; rows beyond the limit are left unread."""
    batches = list(corpus.open(corpus.path, task, lang).batches(limit=corpus.limit))
    rows = [row for batch in batches for row in batch.rows]
    if not rows:
        raise UserError("there is no row to be had from this file", file=corpus.path)
    return rows, [one for batch in batches for one in batch.dropped]


def _shard_rows(ref: ShardRef) -> list[Row]:
    return [row for batch in read_batches(ref) for row in batch_to_rows(batch)]


# Translate.


def translate_training(run: CompareRun, lang: str) -> None:
    """The source training set in `lang`, by translate-train."""
    source = run.config.source.lang
    _translate(run, f"to-{lang}", run.data_ref("source-train").path, source, lang)


def translate_back(run: CompareRun, lang: str) -> None:
    """The translated training set back in the source language."""
    ref = run.data_ref(f"translated-{lang}")
    rows = _translated(run, f"to-{lang}", lang)
    made_from = fingerprint([VERSION, rows_fingerprint(rows)])
    if not is_done(ref, made_from):
        with ShardWriter(ref, made_from) as out:
            out.write_rows(rows, rows_in=len(rows))
    _translate(run, f"back-from-{lang}", ref.path, lang, run.config.source.lang)


def _translate(run: CompareRun, name: str, path: Path, source: str, target: str) -> None:
    folder = run.run / TRANSLATIONS / name
    config = run.config.translation(source, target, input=path, out=folder)
    facts = folder.with_name(f"{name}.json")
    made_from = fingerprint([VERSION, file_hash(path), _translation_identity(config)])
    before = _read_json(facts)
    if before.get("fingerprint") == made_from:
        return
    if folder.exists() and before.get("asked") not in (None, made_from):
        shutil.rmtree(folder)  # made from another training set or with another model
    write_text(facts, json.dumps({"asked": made_from}) + "\n")
    began = time.monotonic()
    result = translate_train(config)
    summary = result.summary.targets[0]
    values = {
        "fingerprint": made_from,
        "asked": made_from,
        "seconds": round(time.monotonic() - began, 2),
        "rows_in": result.summary.rows_in,
        "kept": summary.kept,
        "dropped": dict(summary.dropped),
    }
    write_text(facts, json.dumps(values, indent=1) + "\n")
    run.forget(("translated", name))


def _translation_identity(config: TranslateTrainConfig) -> Any:
    from augmentation.config import asked

    return asked(resolve_settings(config))


def _translated(run: CompareRun, name: str, lang: str) -> list[Row]:
    from corpora.shards import list_shards

    def read() -> list[Row]:
        refs = list_shards(run.run / TRANSLATIONS / name, steps.filter_step(lang))
        return [row for ref in refs for row in _shard_rows(ref)]

    found: list[Row] = run.once(("translated", name), read)
    return found


# Check: labels, groups, leaks.


def base_sets(run: CompareRun) -> dict[str, list[Row]]:
    """The training sets that others are put together from, leaks and all."""
    sets = {"source": run.rows("source-train")}
    strategies = run.config.strategies
    for lang in run.langs:
        if _needs_translation(strategies):
            sets[f"translated-{lang}"] = _translated(run, f"to-{lang}", lang)
        if "translate-test-round-trip" in strategies:
            name = f"back-from-{lang}"
            sets[f"round-trip-{lang}"] = _translated(run, name, run.config.source.lang)
        if "few-shot" in strategies:
            sets[f"few-{lang}"] = run.rows(f"{lang}-train")
    return sets


def _roots(sets: dict[str, list[Row]]) -> dict[str, dict[str, str]]:
    """By set and row id, the id of the row in the source set that it comes from."""
    roots: dict[str, dict[str, str]] = {}
    for name, rows in sets.items():
        if not name.startswith(("translated-", "round-trip-")):
            continue
        kind, _, lang = name.rpartition("-")
        before = roots.get(f"translated-{lang}", {}) if kind == "round-trip" else {}
        roots[name] = {
            row.id: before.get(row.provenance.source_id, row.provenance.source_id)
            for row in rows
            if row.provenance is not None
        }
    return roots


def check(run: CompareRun) -> None:
    """Labels fit, no group is split, and no test text is in training.

    Leaks end with a `UserError`, or (`leakage: drop`) are left out: the source row with all that
    was made of it, in all training sets alike, so that strategies stay comparable.
    """
    sets = base_sets(run)
    tests = run.test_sets()
    named = {f"the {lang} test set": rows for lang, rows in tests.items()}
    unknown = {
        lang: check_labels(run.config.task, sets["source"], rows, f"in {lang}")
        for lang, rows in tests.items()
    }
    for name, rows in sets.items():
        lang = name.rpartition("-")[2] if name.startswith("few-") else run.config.source.lang
        check_groups(named, rows, lang)
        if not rows:
            raise UserError(f"the training set {name} is empty")
    leaks = find_leaks(named, sets, _roots(sets), run.config.task)
    if leaks and run.config.leakage == "stop":
        shown = "; ".join(
            f"{leak.test_id!r} of {leak.test} is the {leak.where} ({leak.train_id!r}: "
            f"{leak.text[:60]!r})"
            for leak in leaks[:5]
        )
        raise UserError(
            f"{len(leaks)} test texts are among the training texts: {shown}. Take them out, or say "
            "`leakage: drop` to leave these training rows out"
        )
    values = {
        "leaks": dict(Counter(f"{leak.test}: {leak.where}" for leak in leaks)),
        "examples": [asdict(leak) for leak in leaks[:20]],
        "dropped": sorted({leak.root for leak in leaks if not leak.set.startswith("few-")}),
        "few_dropped": {
            name: sorted({leak.train_id for leak in leaks if leak.set == name})
            for name in sets
            if name.startswith("few-")
        },
        "few_shortages": {
            name: few_shortages(rows, run.config.task, run.config.few_shot)
            for name, rows in sets.items()
            if name.startswith("few-")
        },
        "bad_rows": {
            name: count
            for name in run.corpora()
            if (count := steps.rows_dropped(run.data_ref(name)))
        },
        "labels_never_trained": {k: v for k, v in unknown.items() if v},
    }
    write_text(run.run / CHECK, json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    run.forget("check")


def checked(run: CompareRun) -> dict[str, Any]:
    """What `check` found."""
    found: dict[str, Any] = run.once("check", lambda: _read_json(run.run / CHECK))
    return found


def training_rows(run: CompareRun, name: str, seed: int) -> list[Row]:
    """The training set `name`, without leaks; `seed` draws the few-shot examples."""
    sets: dict[str, list[Row]] = run.once("sets", lambda: base_sets(run))
    roots: dict[str, dict[str, str]] = run.once("roots", lambda: _roots(sets))
    leaked = set(checked(run)["dropped"])
    few_leaked = checked(run)["few_dropped"]

    def part(one: str) -> list[Row]:
        if one == "translated-all":
            return [row for lang in run.langs for row in part(f"translated-{lang}")]
        if one.startswith("few-"):
            rows = [row for row in sets[one] if row.id not in few_leaked[one]]
            return sample_few(rows, run.config.task, run.config.few_shot, seed)
        own = roots.get(one, {})
        return [row for row in sets[one] if own.get(row.id, row.id) not in leaked]

    return [row for one in name.split("+") for row in part(one)]


# Train.


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
        dev = rows_fingerprint(_dev_rows(run, name))
        return fingerprint([VERSION, described, run.config.task, rows, dev, seed])

    found: str = run.once(("model", trainer, name, seed), make)
    return found


def _dev_rows(run: CompareRun, name: str) -> list[Row]:
    """The source's dev rows, for training sets with rows in that language.

    No labelled data of a target language is used to choose, and a model of translations only is
    not chosen by the source language: it is trained to the end.
    """
    if run.config.source.dev is None or not name.startswith("source"):
        return []
    return run.rows("source-dev")


def train(job: Job, run: CompareRun) -> None:
    """Train a model, unless it is there or no cell needs it any more."""
    folder = model_folder(run, job.trainer, job.subject, job.seed)
    made_from = _model_fingerprint(run, job.trainer, job.subject, job.seed)
    if _read_json(folder / "done.json").get("fingerprint") == made_from:
        return
    if all(cell_done(cell, run) for cell in cells_of(run) if _rests_on(cell, job, run)):
        return
    shutil.rmtree(folder, ignore_errors=True)
    rows = training_rows(run, job.subject, job.seed)
    began = time.monotonic()
    trainer = make_trainer(run.trainer(job.trainer), run.config)
    predictor = trainer.fit(rows, _dev_rows(run, job.subject), seed=job.seed)
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


# Predict.


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
    facts = _read_json(folder / "cell.json")
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
    facts = [_read_json(model_folder(run, cell.trainer, n, cell.seed) / "done.json") for n in sets]
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
        float(_read_json(run.run / TRANSLATIONS / f"{name}.json").get("seconds", 0))
        for name in _translations_of(sets, run)
    )
    _write_cell(cell, run, predictions, seconds, [int(one["rows"]) for one in facts if one])


def _translations_of(sets: Sequence[str], run: CompareRun) -> list[str]:
    """The translations that training sets rest on, by the names of their folders."""
    out: dict[str, None] = {}
    for name in sets:
        for part in name.split("+"):
            kind, _, lang = part.rpartition("-")
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
    return predictions, _read_json(folder / "cell.json")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


# Report.


def report(run: CompareRun) -> None:
    """Scores, tests, table and charts of all cells; models go unless they are to be kept."""
    from augmentation.compare_report import write_results

    write_results(run)
    if not run.config.keep_models:
        shutil.rmtree(run.run / MODELS, ignore_errors=True)


# The whole.

Notice = Callable[[Job, int, int, float], None]
"""Told of every job that is done: its number from 1, how many there are, and its seconds."""
Submit = Callable[[Job, CompareRun], None]


def prepare(config: CompareConfig) -> CompareRun:
    """The run of `config`; raises `UserError` for what does not exist or cannot be translated."""
    for trainer in config.trainers:
        if trainer.predictor is None:
            make_trainer(trainer, config)
    identity = config.model_dump(mode="json", exclude={"out", "runtime", "keep_models", "memory"})
    folder = config.out or run_folder(runs_folder(), config.name, fingerprint(identity))
    run = CompareRun(config, folder)
    for corpus, _ in run.corpora().values():
        if not corpus.path.exists():
            raise UserError("no such file", file=corpus.path)
    _check_directions(run)
    return run


def _check_directions(run: CompareRun) -> None:
    strategies = set(run.config.strategies)
    source = run.config.source
    for lang in run.langs:
        pairs = []
        if _needs_translation(run.config.strategies):
            pairs.append((source.lang, lang))
        if strategies & set(BY_WAY_OF_SOURCE) or (lang and "ensemble" in strategies):
            pairs.append((lang, source.lang))
        for before, after in pairs:
            config = run.config.translation(before, after, input=source.train.path, out=run.run)
            settings = resolve_settings(config)
            steps.translator_of(settings).translate([], before, after, settings.options())


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


def compare(
    config: CompareConfig, notice: Notice | None = None, submit: Submit = perform
) -> CompareRun:
    """Carry out the comparison, or what of it is not done yet; see `results.json`."""
    run = prepare(config)
    stages = plan(run)
    total = sum(map(len, stages))
    done = 0
    with open_run(run.run, manifest(run)):
        for stage in stages:
            for job in stage:
                began = time.monotonic()
                submit(job, run)
                done += 1
                if notice is not None:
                    notice(job, done, total, time.monotonic() - began)
    return run


def strategies_of(run: CompareRun, trainer: str, lang: str) -> Sequence[Strategy]:
    """The strategies that there are cells of for `trainer` in `lang`."""
    if lang == run.config.source.lang:
        return ("zero-shot",)
    if run.trainer(trainer).kind == "predictor":
        return [one for one in run.config.strategies if one in WITHOUT_TRAINING]
    return run.config.strategies
