"""What a translate-train run is configured with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from augmentation.pipeline.configuration import load, validate
from augmentation.translation.config import (
    MOST_SHARD_ROWS,
    FilterConfig,
    ReadingConfig,
    TranslationConfig,
)
from augmentation.translation.fields import (
    InputPaths,
    KnownTask,
    Language,
    Languages,
    Memory,
    OutputPath,
    Seed,
)


class TranslateTrainConfig(TranslationConfig):
    """Everything that a translate-train run is configured with."""

    input: InputPaths
    """File or folder of labelled rows, a pattern such as `data/*.jsonl`, or a list of them."""
    task: KnownTask
    """What the rows are labelled for: `classification` (text, label), `pair` (text, text_pair,
    label), `tokens` (spans, perhaps a label), `qa` (question, context, answers) or `text` (text,
    target)."""
    source: Language
    """Language of the input, a BCP 47 tag."""
    targets: Languages
    """Language to translate to, a BCP 47 tag; may be repeated."""
    name: str | None = None
    """Name of the run; by default that of the input."""
    out: OutputPath | None = None
    """Run folder; by default `data/runs/NAME-FINGERPRINT`."""
    memory: Memory = None
    """Folder of the translation memory, or `off`; by default `data/runs/memory`."""
    reading: ReadingConfig = Field(default_factory=ReadingConfig)
    filters: FilterConfig = Field(default_factory=FilterConfig)
    shard_rows: int = Field(6000, ge=1, le=MOST_SHARD_ROWS)
    """Rows per shard."""
    seed: Seed = 0
    """Seed of sampling."""
    licence: str | None = None
    """Terms under which the input, and so the export, may be used, for the data set card."""

    @model_validator(mode="after")
    def _other_languages(self) -> TranslateTrainConfig:
        if self.source in self.targets:
            raise ValueError(f"source and target are both {self.source!r}")
        return self

    @property
    def run_name(self) -> str:
        """The given name, or the input's without suffixes and characters unfit for folders."""
        from corpora.manifest import tidy_name
        from corpora.readers.inputs import first_input
        from corpora.storage import COMPRESSIONS

        if self.name is not None:
            return self.name
        path = first_input(self.input).resolve()
        while path.suffix in COMPRESSIONS:
            path = path.with_suffix("")
        return tidy_name(path.stem)


def load_config(file: Path | None, given: Mapping[str, Any]) -> TranslateTrainConfig:
    """The configuration of the YAML `file` and of `given`, which wins; see `configuration.load`."""
    return load(TranslateTrainConfig, file, given)


def validated(values: Mapping[str, Any], file: Path | None = None) -> TranslateTrainConfig:
    """`values` (from `file`) as a configuration; raises `UserError` naming a wrong key."""
    return validate(TranslateTrainConfig, values, file)
