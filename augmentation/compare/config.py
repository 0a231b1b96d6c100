"""The configuration of a comparison of strategies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from augmentation.few_shot.config import FewShotConfig
from augmentation.pipeline.configuration import Strict
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translation.config import (
    MOST_HYPOTHESES,
    FilterConfig,
    ReadingConfig,
    TranslationConfig,
)
from augmentation.translation.fields import (
    InputPath,
    KnownTask,
    Language,
    Memory,
    ModelName,
    OutputPath,
    Predictor,
    Seed,
)
from corpora.choices import AnswerNormalisation, SignificanceTest
from trainers.limits import DEFAULT_TIMEOUT

Strategy = Literal[
    "zero-shot",
    "few-shot",
    "translate-train",
    "translate-train+source",
    "translate-train-all",
    "translate-test",
    "translate-test-round-trip",
    "ensemble",
]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
_NAME = r"^[0-9A-Za-z][0-9A-Za-z._-]*$"
"""Names are those of folders, too."""
_MOST_SEEDS = 1000
WITHOUT_TRAINING: tuple[Strategy, ...] = ("zero-shot", "translate-test")
"""Strategies that need only a model of the source language, as it is."""


class CorpusConfig(ReadingConfig):
    """A file and how to read it; a plain path will do."""

    path: InputPath
    """File or folder of rows."""


def _corpus(value: object) -> object:
    return {"path": value} if isinstance(value, str | Path) else value


class SourceConfig(Strict):
    """The language that there is labelled data in."""

    lang: Language
    """Its BCP 47 tag."""
    train: CorpusConfig
    """Labelled rows to train on, and to translate."""
    dev: CorpusConfig | None = None
    """Rows that tell trainers that can use them when to stop."""
    test: CorpusConfig | None = None
    """Test rows; the gap of the other languages is measured from the score on them."""

    _as_corpus = field_validator("train", "dev", "test", mode="before")(_corpus)


class TargetConfig(Strict):
    """A language to transfer to."""

    lang: Language
    """Its BCP 47 tag."""
    test: CorpusConfig
    """Test rows."""
    train: CorpusConfig | None = None
    """Rows that few-shot takes its examples from."""

    _as_corpus = field_validator("train", "test", mode="before")(_corpus)


class TrainerConfig(Strict):
    """A trainer. `light` is the linear classifier, or the CRF for `tokens`.

    `predictor` trains nothing: a model of the source language that is there already, which takes
    part in the strategies that only need such a model.
    """

    kind: Literal["light", "transformers", "predictor"] = "light"
    name: str | None = Field(None, pattern=_NAME)
    """Name in tables and folders; by default the kind, or the last part of the model's name."""
    model: ModelName | None = None
    """For `transformers`: hub id or folder."""
    predictor: Predictor | None = None
    """For `predictor`: folder, hub id, or `command:PROGRAM ARGUMENTS`."""
    timeout: float = Field(DEFAULT_TIMEOUT, gt=0)
    """Seconds that a command has per test set."""
    revision: str | None = None
    """Branch, tag or commit of a hub id."""
    epochs: int = Field(3, ge=1, le=100_000)
    """Passes over the training set."""
    batch_size: int = Field(32, ge=1, le=1_000_000)
    """Rows per update."""
    learning_rate: float = Field(5e-5, gt=0)
    """Highest learning rate."""
    frozen_layers: int = Field(0, ge=0)
    """Lower layers that are not trained."""
    patience: int = Field(0, ge=0)
    """Epochs without a better dev score after which training stops; 0 trains to the end."""
    class_weights: bool = False
    """Whether rare classes weigh more."""
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Number type of training; `auto` is the best of the device."""
    max_length: int = Field(256, ge=8, le=1_000_000)
    """Most tokens of an input."""
    target_length: int = Field(128, ge=1, le=1_000_000)
    """Most tokens of a generated text."""

    @model_validator(mode="after")
    def _has_model(self) -> TrainerConfig:
        if (self.kind == "transformers") != (self.model is not None):
            raise ValueError("'model' goes with the kind 'transformers', and only with it")
        if (self.kind == "predictor") != (self.predictor is not None):
            raise ValueError("'predictor' goes with the kind 'predictor', and only with it")
        if self.title in ("", ".", ".."):
            raise ValueError(f"the model {self.model!r} needs a 'name'")
        return self

    @property
    def title(self) -> str:
        """What tables and folders call it."""
        if self.name is not None:
            return self.name
        return self.kind if self.model is None else Path(self.model).name


class CompareConfig(TranslationConfig):
    """Everything that a comparison is configured with."""

    task: KnownTask
    """What is predicted: `classification`, `pair`, `tokens`, `qa` or `text`."""
    source: SourceConfig
    """The language that there is labelled data in."""
    targets: tuple[TargetConfig, ...] = Field(min_length=1)
    """The languages to transfer to."""
    trainers: tuple[TrainerConfig, ...] = Field(
        default_factory=lambda: (TrainerConfig(),), min_length=1
    )
    """What is trained by every strategy."""
    strategies: tuple[Strategy, ...] = Field(STRATEGIES, min_length=1)
    """The strategies to compare; by default all."""
    baseline: Strategy = "zero-shot"
    """The strategy that the others are tested against."""
    seeds: tuple[Seed, ...] = Field((0, 1, 2, 3, 4), min_length=1)
    """A number of seeds, or the seeds themselves."""
    few_shot: FewShotConfig = Field(default_factory=FewShotConfig)
    """The examples of few-shot."""
    n_best: int = Field(1, ge=1, le=MOST_HYPOTHESES)
    """Translations of each test row that translate-test averages over."""
    ensemble_weight: float = Field(0.5, ge=0, le=1)
    """Weight of the translate-train model in the ensemble."""
    leakage: Literal["stop", "drop"] = "stop"
    """What to do about test texts among the training texts: `stop` with an error, or `drop` these
    training rows."""
    test: SignificanceTest = "bootstrap"
    """The paired test of significance."""
    samples: int = Field(1000, ge=1, le=1_000_000)
    """Resamples of the test."""
    normalisation: AnswerNormalisation = "squad"
    """How answers are normalised: as SQuAD does (English articles) or MLQA (by language)."""
    tokenize: str | None = None
    """SacreBLEU tokenizer for BLEU; by default that of the language."""
    name: str = Field("compare", pattern=_NAME)
    """Name of the run."""
    out: OutputPath | None = None
    """Run folder; by default `data/runs/NAME-FINGERPRINT`."""
    keep_models: bool = False
    """Keep trained models in the run folder when all is done."""
    memory: Memory = None
    """Folder of the translation memory, or `off`; by default `data/runs/memory`."""
    filters: FilterConfig = Field(default_factory=FilterConfig)

    @field_validator("strategies", mode="before")
    @classmethod
    def _strategies(cls, values: object) -> object:
        if isinstance(values, Sequence) and not isinstance(values, str):
            for value in values:
                _check(value, STRATEGIES, "strategy")
            return tuple(dict.fromkeys(values))
        return values

    @field_validator("baseline", mode="before")
    @classmethod
    def _baseline(cls, value: object) -> object:
        return _check(value, STRATEGIES, "strategy")

    @field_validator("test", mode="before")
    @classmethod
    def _method(cls, value: object) -> object:
        return _check(value, get_args(SignificanceTest), "test")

    @field_validator("seeds", mode="before")
    @classmethod
    def _seeds(cls, value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            return value
        if not 1 <= value <= _MOST_SEEDS:
            raise ValueError(f"from 1 to {_MOST_SEEDS} seeds are possible, not {value}")
        return tuple(range(value))

    @model_validator(mode="after")
    def _fits_together(self) -> CompareConfig:
        langs = [target.lang for target in self.targets]
        if self.source.lang in langs or len(set(langs)) < len(langs):
            raise ValueError(f"languages must differ: {self.source.lang} to {', '.join(langs)}")
        titles = [trainer.title for trainer in self.trainers]
        if len(set(titles)) < len(titles):
            raise ValueError(f"trainers must have different names: {', '.join(titles)}")
        if self.baseline not in self.strategies:
            raise ValueError(f"the baseline {self.baseline!r} is not among the strategies")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("the seeds must differ")
        if "few-shot" in self.strategies:
            for target in self.targets:
                if target.train is None:
                    raise ValueError(f"few-shot needs a training set in {target.lang!r}")
        ready = any(trainer.kind == "predictor" for trainer in self.trainers)
        if ready and not set(WITHOUT_TRAINING) & set(self.strategies):
            raise ValueError(f"a predictor takes part in {' and '.join(WITHOUT_TRAINING)} only")
        if self.task in ("qa", "text") and any(t.kind == "light" for t in self.trainers):
            raise ValueError(f"there is no light trainer for {self.task!r}; use 'transformers'")
        return self

    def trainer(self, title: str) -> TrainerConfig:
        """The trainer that tables and folders call `title`."""
        return next(trainer for trainer in self.trainers if trainer.title == title)

    def translate_train(
        self, source: str, target: str, *, input: Path, out: Path | None
    ) -> TranslateTrainConfig:
        """The configuration of translating the rows of `input` from `source` to `target`, in the
        run folder `out`."""
        shared: dict[str, Any] = {
            name: getattr(self, name) for name in TranslationConfig.model_fields
        }
        return TranslateTrainConfig(
            input=input,
            out=out,
            task=self.task,
            source=source,
            targets=(target,),
            name=self.name,
            memory=self.memory,
            filters=self.filters,
            **shared,
        )


def _check(value: object, choices: Sequence[str], kind: str) -> object:
    if value not in choices:
        raise ValueError(f"no {kind} {value!r} (choose from: {', '.join(choices)})")
    return value
