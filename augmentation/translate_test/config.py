"""What a translate-test run is told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, model_validator

from augmentation.pipeline.configuration import Strict
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translation.config import (
    MOST_HYPOTHESES,
    DecodingConfig,
    ProjectionConfig,
    ReadingConfig,
    RuntimeConfig,
)
from augmentation.translation.fields import KnownTask, Language, Models
from trainers.command import DEFAULT_TIMEOUT


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
