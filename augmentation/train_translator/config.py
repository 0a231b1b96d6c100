"""What decides what a translator will be."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from augmentation.pipeline.configuration import Strict, load
from augmentation.translation.fields import Language, Languages
from corpora.bitext import Bitext
from corpora.errors import UserError
from translators.conversion import QUANTIZATIONS
from translators.store import check_name
from translators.subwords import SubwordConfig, language_tag
from translators.training.config import TrainingConfig


class BitextSource(Strict):
    """One parallel corpus: a TSV or TMX file, or `path` and `target_path` line by line."""

    path: Path
    target_path: Path | None = None
    target: Language | None = None
    """Of its second side, where a model of several target languages is trained."""
    columns: tuple[str, str] | None = None
    weight: float = Field(1.0, gt=0.0, le=10_000.0)
    """How often a pair of it is seen in an epoch."""
    directions: Literal["both", "machine-target"] = "both"
    """`machine-target` trains a machine-translated pair only towards its machine-made side."""
    name: str | None = None
    """As in the card; the file's name when not given."""
    terms: str = "not stated"
    """Licence or terms of use, for the card."""

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> BitextSource:
        if self.columns is not None and not self.bitext().is_table:
            raise ValueError(f"{self.path}: only a tab-separated file has columns")
        return self

    def bitext(self) -> Bitext:
        """What `corpora.bitext` reads."""
        return Bitext(self.path, self.target_path, self.columns, self.weight)


class CleaningConfig(Strict):
    """Limits of the filters; null switches one off."""

    max_chars: int | None = Field(500, ge=1)
    max_length_ratio: float | None = Field(2.2, ge=1.0)
    min_alphabet_share: float | None = Field(0.5, ge=0.0, le=1.0)
    max_untranslated: float | None = Field(0.75, ge=0.0, le=1.0)
    max_number_mismatch: float | None = Field(0.5, ge=0.0, le=1.0)
    max_wrong_language: float | None = Field(0.95, ge=0.0, le=1.0)
    duplicates: bool = True
    max_wrong_language_share: float = Field(0.3, ge=0.0, le=1.0)
    """More of a corpus than this in another language is a mistake, not noise."""


class AlignmentConfig(Strict):
    """Word alignment of the training bitext."""

    aligner: Literal["auto", "eflomal", "statistical"] = "auto"
    """eflomal (Östling and Tiedemann, 2016) needs an extra and a C compiler; `statistical` is that
    of `alignment/`; `auto` is eflomal where it is installed."""
    symmetrization: Literal["intersection", "union", "grow-diag", "grow-diag-final-and"] = (
        "intersection"
    )
    """Of eflomal's two directions; the statistical aligner trains them to agree."""
    relative_iterations: float = Field(1.0, gt=0.0)
    """Of eflomal, times its own choice."""

    def chosen(self) -> Literal["eflomal", "statistical"]:
        """The aligner that `auto` stands for on this machine."""
        if self.aligner != "auto":
            return self.aligner
        return "eflomal" if importlib.util.find_spec("eflomal") else "statistical"

    def identity(self) -> dict[str, object]:
        """What decides the links, for a fingerprint."""
        if self.chosen() == "statistical":
            return {"aligner": "statistical"}
        return self.model_dump(include={"symmetrization", "relative_iterations"})


class TrainTranslatorConfig(Strict):
    """Everything that decides what the model will be."""

    source: Language
    """Of the bitext's first side."""
    targets: Languages
    """Of its second side. With several, one model learns them all, and each corpus says its own."""
    bidirectional: bool = False
    """One model for both directions. Where there is more than one, a tag before the source text
    names the language to translate into."""
    name: str = ""
    """As in the card and the store; `SOURCE-TARGET-TARGET...` when empty."""
    bitext: tuple[BitextSource, ...] = Field(min_length=1)
    dev: tuple[BitextSource, ...] = ()
    """What early stopping measures on; without any, pairs are held out of the bitext."""
    dev_pairs: int = Field(500, ge=1)
    """At most so many pairs of each dev corpus, or so many held out."""
    min_pairs: int = Field(100, ge=1)
    """Fewer clean pairs than this are a mistake."""
    cleaning: CleaningConfig = CleaningConfig()
    subwords: SubwordConfig = SubwordConfig()
    alignment: AlignmentConfig | None = AlignmentConfig()
    """Null trains without guided alignment."""
    training: TrainingConfig = TrainingConfig()
    init_from: Path | None = None
    """Name or folder of a model that this command trained: training goes on from its weights,
    those of a quantized model multiplied out. `WORK/50-train/model` has them exactly. It may have
    fewer layers; those on top then have yet to learn. From nothing without one."""
    init_subwords: Literal["take", "new"] = "take"
    """With `init_from`: whether its subwords are taken, or new ones made, for which the embeddings
    are put together from those of the old."""
    quantization: str = "int8"
    """As CTranslate2 names them: `int8`, `int8_float32`, `float16`, `float32`, ..."""

    @field_validator("name")
    @classmethod
    def _fit_for_the_store(cls, name: str) -> str:
        try:
            return name and check_name(name)
        except UserError as error:
            raise ValueError(str(error)) from error

    @field_validator("quantization")
    @classmethod
    def _quantization(cls, name: str) -> str:
        if name not in QUANTIZATIONS:
            raise ValueError(f"no quantization {name!r}, there is {', '.join(QUANTIZATIONS)}")
        return name

    @model_validator(mode="after")
    def _different_languages(self) -> TrainTranslatorConfig:
        if self.source in self.targets:
            raise ValueError(f"source and target are both {self.source!r}")
        return self

    @model_validator(mode="after")
    def _new_subwords_of_a_start(self) -> TrainTranslatorConfig:
        if self.init_subwords == "new" and self.init_from is None:
            raise ValueError("init_subwords: without init_from all subwords are new")
        return self

    @model_validator(mode="after")
    def _corpora_of_the_targets(self) -> TrainTranslatorConfig:
        known = ", ".join(self.targets)
        for one in (*self.bitext, *self.dev):
            if one.target is None and len(self.targets) > 1:
                raise ValueError(f"{one.path}: say which target it has: {known}")
            if one.target is not None and one.target not in self.targets:
                raise ValueError(f"{one.path}: {one.target!r} is not among the targets: {known}")
        of_corpora = {one.target or self.targets[0] for one in self.bitext}
        if missing := set(self.targets) - of_corpora:
            raise ValueError(f"no bitext has the target {min(missing)!r}")
        return self

    @property
    def model_name(self) -> str:
        """The name, as given or made from the languages."""
        return self.name or "-".join((self.source, *self.targets))

    def directions(self) -> tuple[tuple[str, str], ...]:
        """(source, target) of every direction that is trained."""
        forward = tuple((self.source, target) for target in self.targets)
        backward = tuple((target, self.source) for target in self.targets)
        return forward + backward if self.bidirectional else forward

    def tag(self, target: str) -> str | None:
        """The piece that opens a source text; a model of one direction needs none."""
        return language_tag(target) if len(self.directions()) > 1 else None

    def tagged(self) -> tuple[str, ...]:
        """The languages that have such a piece."""
        named = {target for _, target in self.directions()}
        languages = (self.source, *self.targets)
        return tuple(one for one in languages if one in named) if len(self.directions()) > 1 else ()


def load_config(path: Path | None, given: Mapping[str, Any]) -> TrainTranslatorConfig:
    """The configuration of a YAML file and of `given`, which wins; see `settings.load`."""
    return load(TrainTranslatorConfig, path, given)
