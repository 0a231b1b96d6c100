"""What a translate-test run is configured with."""

from __future__ import annotations

from pydantic import Field, model_validator

from augmentation.translation.config import (
    MOST_HYPOTHESES,
    MOST_SHARD_ROWS,
    ReadingConfig,
    TranslationConfig,
)
from augmentation.translation.fields import (
    InputPaths,
    KnownTask,
    Language,
    OutputPath,
    Predictor,
    Seed,
)
from trainers.limits import DEFAULT_TIMEOUT


class TranslateTestConfig(TranslationConfig):
    """Everything that a translate-test run is configured with."""

    input: InputPaths
    """File or folder of rows to predict for, a pattern such as `data/*.jsonl`, or several."""
    task: KnownTask
    """What is predicted: `classification`, `pair`, `tokens`, `qa` or `text`."""
    source: Language
    """Language of the input, a BCP 47 tag."""
    target: Language
    """Language of the predictor, a BCP 47 tag."""
    predictor: Predictor
    """Folder, hub id, or `command:PROGRAM ARGUMENTS`, which gets JSON rows on stdin and prints
    predictions on stdout."""
    out: OutputPath
    """Run folder."""
    n_best: int = Field(1, ge=1, le=MOST_HYPOTHESES)
    """Translations of each row; the predictions on them are averaged."""
    ensemble: Predictor | None = None
    """A predictor for the input's own language, whose logits are averaged with the others."""
    ensemble_weight: float = Field(0.5, ge=0, le=1)
    """Weight of that predictor, from 0 to 1."""
    timeout: float = Field(DEFAULT_TIMEOUT, gt=0)
    """Seconds that a command has per shard."""
    reading: ReadingConfig = Field(default_factory=ReadingConfig)
    shard_rows: int = Field(2000, ge=1, le=MOST_SHARD_ROWS)
    """Rows per shard."""
    seed: Seed = 0
    """Seed of sampling."""

    @model_validator(mode="after")
    def _two_languages(self) -> TranslateTestConfig:
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source!r}")
        return self
