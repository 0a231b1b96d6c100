"""What a translate-train run is asked to do, and what that makes of its parts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, field_validator, model_validator

from augmentation.settings import KnownTask, Language, Languages, Models, Strict, load, validate
from corpora.checks import Task
from corpora.errors import UserError
from corpora.fingerprint import canonical_json, fingerprint, path_hash
from corpora.manifest import RunManifest, package_versions, run_folder, tidy_name
from corpora.readers import ON_ERROR, ColumnMapping, Corpus, OnError, open_corpus
from translators.protocol import DecodingOptions

RUNS_VARIABLE = "LABELFERRY_RUNS"
VERSIONED = (
    "ctranslate2", "labelferry", "numpy", "polars", "prefect", "pyarrow", "sentencepiece",
)  # fmt: skip
SPAN_TASKS: tuple[Task, ...] = ("tokens", "qa")
Unplaced = Literal["drop-row", "drop-span"]
TRANSLATE_VERSION = 3
"""Counts the changes of what the engine makes of a text, model and options being the same."""
MOST_HYPOTHESES = 1000
"""More takes longer than anyone waits."""


class ReadingConfig(Strict):
    """How to read the input."""

    format: str | None = None
    """Null goes by the file's name."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Which column holds what, as in `{text: sentence}`; the usual names need no saying."""
    scheme: str | None = None
    """Tagging scheme; null looks at the tags."""
    split: str | None = None
    """Read the rows of this split only; rows that name none are of `train`."""
    quoting: bool | None = None
    """Whether fields of CSV and TSV may stand in quotes; null: in CSV they may, in TSV not."""
    on_error: OnError = "error"
    limit: int | None = Field(None, ge=1)
    """Read this many rows only."""

    @field_validator("on_error", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if value not in ON_ERROR:
            raise ValueError(f"must be one of {', '.join(ON_ERROR)}")
        return value

    def open(self, path: Path, task: Task, lang: str, *, labelled: bool = True) -> Corpus:
        """The corpus at `path`, read as this says, but for `limit`; see `open_corpus`."""
        return open_corpus(
            path,
            task=task,
            lang=lang,
            format=self.format,
            columns=self.mapping(),
            on_error=self.on_error,
            scheme=self.scheme,
            split=self.split,
            quoting=self.quoting,
            labelled=labelled,
        )

    def mapping(self) -> ColumnMapping:
        """The columns as readers take them."""
        return ColumnMapping.of(self.columns)


class DecodingConfig(Strict):
    """How to decode; all of it changes the result."""

    beam_size: int = Field(2, ge=1, le=MOST_HYPOTHESES)
    length_penalty: float = 1.0
    repetition_penalty: float = Field(1.0, gt=0)
    no_repeat_ngram_size: int = Field(0, ge=0, lt=2**31)
    sampling_topk: int = Field(1, ge=0, lt=2**31)
    sampling_temperature: float = Field(1.0, gt=0)
    max_decoding_length: int = Field(256, ge=4, lt=2**31)
    compute_type: str = "auto"
    """As CTranslate2 names them; `auto` is the model's own."""

    def options(self, *, attention: bool, seed: int) -> DecodingOptions:
        """The options as translators take them; the seed is that of sampling."""
        values = self.model_dump(exclude={"compute_type"})
        seed = seed if self.sampling_topk != 1 else 0
        return DecodingOptions(**values, return_attention=attention, seed=seed)


class ProjectionConfig(Strict):
    """How spans are carried over."""

    projector: str | None = None
    """Null takes the best for its price (`alignment.projectors.DEFAULT_PROJECTOR`)."""
    options: dict[str, Any] = Field(default_factory=dict)
    unplaced: Unplaced = "drop-row"
    """What a span that cannot be placed costs: its row, or only itself."""
    alternatives: int = Field(0, ge=0, le=MOST_HYPOTHESES)
    """So many further translations are tried for a sentence with a span that cannot be placed."""

    @field_validator("options")
    @classmethod
    def _plain(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            canonical_json(options)
        except TypeError as error:  # a date, for example
            raise ValueError(str(error)) from error
        return options


class FilterConfig(Strict):
    """Quality gates; null switches one off."""

    max_length_ratio: float | None = Field(4.0, gt=1)
    """How many times longer or shorter a translation may be than is usual in its shard."""
    max_wrong_language: float | None = Field(None, gt=0, le=1)
    """How sure the language identifier may be that a translation is in another language."""
    max_untranslated: float | None = Field(None, gt=0, le=1)
    """The share of words, case aside, that a translation of some length may have in common with
    its source."""
    min_translation_score: float | None = None
    """The least average log-probability a token."""


class RuntimeConfig(Strict):
    """Where and how fast; nothing of it changes the result."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    translating: int = Field(2, ge=1)
    """Shards that are translated at a time: while one ends, the next keeps the cores busy."""
    workers: int = Field(1, ge=1)
    """Shards that are read, projected and filtered meanwhile."""
    threads: tuple[PositiveInt, PositiveInt] | None = None
    """Parallel batches and threads a batch; null lets the engine choose."""
    batch_tokens: int | None = Field(None, ge=16)


def _memory(value: object) -> object:
    # YAML reads a bare `off` as false.
    return {False: "off", True: None}[value] if isinstance(value, bool) else value


Memory = Annotated[Path | Literal["off"] | None, BeforeValidator(_memory)]
"""The translation memory's folder; null is `data/runs/memory`."""


class TranslateTrainConfig(Strict):
    """Everything that a translate-train run is told."""

    input: Path
    task: KnownTask
    source: Language
    targets: Languages
    model: Models = None
    pivot: Language | None = None
    name: str | None = None
    """Of the run; null is the input's name."""
    out: Path | None = None
    """The run folder; null is `data/runs/<name>-<fingerprint8>`."""
    memory: Memory = None
    reading: ReadingConfig = ReadingConfig()
    decoding: DecodingConfig = DecodingConfig()
    projection: ProjectionConfig = ProjectionConfig()
    filters: FilterConfig = FilterConfig()
    runtime: RuntimeConfig = RuntimeConfig()
    shard_rows: int = Field(6000, ge=1)
    seed: int = Field(0, ge=0, lt=2**31)
    licence: str | None = None
    """For the data set's card: under what terms the input, and so the export, may be used."""

    @model_validator(mode="after")
    def _other_languages(self) -> TranslateTrainConfig:
        if self.source in self.targets:
            raise ValueError(f"source and target are both {self.source!r}")
        return self

    @property
    def run_name(self) -> str:
        """The given name, or the input's without suffixes and what folders are not named with."""
        if self.name is not None:
            return self.name
        path = self.input.resolve()
        while path.suffix in (".gz", ".zst"):
            path = path.with_suffix("")
        return tidy_name(path.stem)


def runs_folder() -> Path:
    """Where runs go that are not told: LABELFERRY_RUNS, else `data/runs` in the checkout."""
    given = os.environ.get(RUNS_VARIABLE)
    return Path(given) if given else Path(__file__).resolve().parent.parent / "data" / "runs"


def load_config(file: Path | None, given: Mapping[str, Any]) -> TranslateTrainConfig:
    """The configuration of a YAML file and of `given`, which wins; see `settings.load`."""
    return load(TranslateTrainConfig, file, given)


def validated(values: Mapping[str, Any], file: Path | None = None) -> TranslateTrainConfig:
    """`values` as a configuration; raises `UserError` naming the key that is wrong."""
    return validate(TranslateTrainConfig, values, file)


@dataclass(frozen=True, slots=True)
class Model:
    """What a run needs to know of its translator without loading it."""

    name: str
    """`name@hash8`; several are joined with `+`."""
    hashes: Mapping[str, str]
    """Content hash of every model, by name."""
    licences: Mapping[str, str]
    has_alignment: bool
    """Whether every one of the models was taught an alignment."""
    some_alignment: bool
    """Whether any of them was, so that some translations come with one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration with all that depends on the outside looked up: what steps are given."""

    config: TranslateTrainConfig
    run: Path
    input_hash: str
    model: Model
    projector: str | None
    """None where the task has no spans."""
    projection_files: Mapping[str, str] = field(default_factory=dict)
    """Hashes of the files and folders that options of the projector name."""

    @property
    def has_spans(self) -> bool:
        """Whether spans are to be carried over."""
        return self.projector is not None

    def options(self) -> DecodingOptions:
        """How to decode."""
        attention = self.has_spans and self.model.some_alignment
        return self.config.decoding.options(attention=attention, seed=self.config.seed)

    def identity(self, target: str) -> dict[str, Any]:
        """Everything that decides how a segment is translated to `target`."""
        return {
            "version": TRANSLATE_VERSION,
            "model": self.model.name,
            "hashes": dict(self.model.hashes),
            "source": self.config.source,
            "target": target,
            "pivot": self.config.pivot,
            "compute_type": self.config.decoding.compute_type,
            "options": self.options(),
        }


def resolve_settings(config: TranslateTrainConfig) -> Settings:
    """Look at the input and the model, and settle where the run goes.

    Raises `UserError` for an input, a model or a projector that does not exist, and for a pair of
    languages that the model lacks.
    """
    if not config.input.exists():
        raise UserError("no such file", file=config.input)
    model = _look_at_model(config)
    settings = Settings(
        config,
        Path(),
        path_hash(config.input),
        model,
        _choose_projector(config, model),
        _hash_files(config.projection.options),
    )
    run = config.out or run_folder(
        runs_folder(), config.run_name, fingerprint([asked(settings), settings.input_hash])
    )
    return replace(settings, run=run)


def _hash_files(options: Mapping[str, Any]) -> dict[str, str]:
    paths = {name: Path(value) for name, value in options.items() if isinstance(value, str)}
    return {name: path_hash(path) for name, path in paths.items() if path.exists()}


def _look_at_model(config: TranslateTrainConfig) -> Model:
    from translators.store import resolve

    given = config.model if isinstance(config.model, tuple) else (config.model,)
    infos = [resolve(name) for name in given]
    taught = [info.card.alignment is not None for info in infos]
    return Model(
        "+".join(dict.fromkeys(info.name for info in infos)),
        {info.card.name: info.content_hash for info in infos},
        {info.card.name: info.card.licence for info in infos if info.card.licence},
        has_alignment=all(taught),
        some_alignment=any(taught),
    )


def _choose_projector(config: TranslateTrainConfig, model: Model) -> str | None:
    from alignment.projectors import DEFAULT_PROJECTOR, PROJECTORS

    chosen = config.projection.projector
    if chosen is not None and chosen not in PROJECTORS:
        raise UserError(f"unknown projector {chosen!r}", choices=PROJECTORS)
    if config.task not in SPAN_TASKS:
        return None
    if chosen == "attention" and not model.has_alignment:
        raise UserError(
            f"the model {model.name} was not taught an alignment, so its attention cannot place "
            "spans: take another projector",
            choices=[name for name in PROJECTORS if name != "attention"],
        )
    if chosen is not None:
        return chosen
    return DEFAULT_PROJECTOR


_COUNTED_APART = {"input", "out", "memory", "name", "model", "runtime", "licence"}
"""Settings that change nothing, or that something else stands for: a name, hashes."""


def asked(settings: Settings) -> dict[str, Any]:
    """What of the configuration changes the result; the input's content is a matter apart."""
    config = settings.config
    return {
        "input": config.input.name,
        "model": settings.model.name,
        "hashes": dict(settings.model.hashes),
        "projector": settings.projector,
        "projection_files": dict(settings.projection_files),
        **config.model_dump(mode="json", exclude=_COUNTED_APART),
    }


def counting(one: RunManifest) -> Mapping[str, Any]:
    """What of a run's manifest its fingerprint rests on."""
    config = {key: value for key, value in one.config.items() if key not in _COUNTED_APART}
    name = Path(str(one.config.get("input"))).name
    return {"config": {"input": name, **config}, "models": one.models}


def manifest(settings: Settings) -> RunManifest:
    """`run.json`: what is needed to make the run again.

    Its fingerprint leaves the input's content out, so that a run goes on when its input has grown.
    """
    config = settings.config
    return RunManifest(
        name=config.run_name,
        fingerprint=fingerprint(asked(settings)),
        config=config.model_dump(mode="json"),
        versions=package_versions(VERSIONED),
        models=dict(settings.model.hashes),
        inputs={config.input.as_posix(): settings.input_hash},
        seed=config.seed,
    )
