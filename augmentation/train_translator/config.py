"""The configuration of training a translator."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from augmentation.pipeline.configuration import Strict, load
from augmentation.translation.fields import InputPath, Language, Languages
from corpora.choices import QUANTIZATIONS
from corpora.errors import UserError
from translators.subwords import SubwordConfig, language_tag
from translators.training.config import TrainingConfig

if TYPE_CHECKING:
    from corpora.bitext import Bitext


class BitextSource(Strict):
    """One parallel corpus: a TSV or TMX file, or `path` and `target_path` line by line."""

    path: InputPath
    """A TSV or TMX file, or the source side."""
    target_path: InputPath | None = None
    """The target side, line by line, where `path` is the source side."""
    target: Language | None = None
    """Language of its second side, where a model of several target languages is trained."""
    columns: tuple[str, str] | None = None
    """Columns of a tab-separated file: names in its header, or numbers from 1."""
    weight: float = Field(1.0, gt=0.0, le=10_000.0)
    """How often a pair of it is seen in an epoch."""
    directions: Literal["both", "machine-target"] = "both"
    """`machine-target` trains a machine-translated pair only towards its machine-made side."""
    name: str | None = None
    """Name in the card; by default that of the file."""
    terms: str = "not stated"
    """Licence or terms of use, for the card."""

    @model_validator(mode="after")
    def _columns_of_a_table(self) -> BitextSource:
        if self.columns is not None and not self.bitext().is_table:
            raise ValueError(f"{self.path}: only a tab-separated file has columns")
        return self

    def bitext(self) -> Bitext:
        """What `corpora.bitext` reads."""
        from corpora.bitext import Bitext

        return Bitext(self.path, self.target_path, self.columns, self.weight)


class CleaningConfig(Strict):
    """Limits of the filters; null switches one off."""

    max_chars: int | None = Field(500, ge=1, le=1_000_000)
    """Most characters of a sentence."""
    max_length_ratio: float | None = Field(2.2, ge=1.0)
    """How many times longer or shorter than usual a target may be."""
    min_alphabet_share: float | None = Field(0.5, ge=0.0, le=1.0)
    """Least share of letters in the language's own script."""
    max_untranslated: float | None = Field(0.75, ge=0.0, le=1.0)
    """Largest share of words that both sides may have in common."""
    max_number_mismatch: float | None = Field(0.5, ge=0.0, le=1.0)
    """Largest share of numbers that only one side has."""
    max_wrong_language: float | None = Field(0.95, ge=0.0, le=1.0)
    """Highest probability of another language that the language identifier may give a side."""
    duplicates: bool = True
    """Drop pairs that were read before."""
    max_wrong_language_share: float = Field(0.3, ge=0.0, le=1.0)
    """A larger share of a corpus than this in another language is a mistake, not noise."""


class AlignmentConfig(Strict):
    """Word alignment of the training bitext."""

    aligner: Literal["auto", "eflomal", "statistical"] = "auto"
    """eflomal (Östling and Tiedemann, 2016) needs an extra and a C compiler; `statistical` is that
    of `alignment/`; `auto` is eflomal where it is installed."""
    symmetrization: Literal["intersection", "union", "grow-diag", "grow-diag-final-and"] = (
        "intersection"
    )
    """How eflomal's two directions are joined; the statistical aligner trains them to agree."""
    relative_iterations: float = Field(1.0, gt=0.0, le=1000.0)
    """Iterations of eflomal, times its own choice."""

    def chosen(self) -> Literal["eflomal", "statistical"]:
        """The aligner that `auto` chooses on this machine."""
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
    """Language of the bitext's first side, a BCP 47 tag."""
    targets: Languages
    """Language of its second side, a BCP 47 tag. With several, one model learns them all, and each
    corpus states its own."""
    bidirectional: bool = False
    """One model for both directions. Where there is more than one, a tag before the source text
    names the language to translate into."""
    name: str = ""
    """Name of the model in its card and the store; by default `SOURCE-TARGET-TARGET...`."""
    bitext: tuple[BitextSource, ...] = Field(min_length=1)
    """The parallel corpora to train on."""
    dev: tuple[BitextSource, ...] = ()
    """What early stopping measures on; without any, pairs are held out of the bitext."""
    dev_pairs: int = Field(500, ge=1, le=10_000_000)
    """Most pairs of each dev corpus, or how many are held out."""
    min_pairs: int = Field(100, ge=1)
    """Fewer clean pairs than this are a mistake."""
    cleaning: CleaningConfig = Field(default_factory=CleaningConfig)
    subwords: SubwordConfig = Field(default_factory=SubwordConfig)
    alignment: AlignmentConfig | None = Field(default_factory=AlignmentConfig)
    """Word alignment for guided alignment; null trains without."""
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    init_from: InputPath | None = None
    """Continue from the weights of this model, a name or folder of one that this command trained;
    by default training starts from nothing. Weights of a quantized model are multiplied out,
    `WORK/50-train/model` has them exactly. The model may have fewer layers; those on top then have
    yet to learn."""
    init_subwords: Literal["take", "new"] = "take"
    """With `init_from`: `take` its subwords, or make `new` ones, whose embeddings are put together
    from those of the old."""
    quantization: str = "int8"
    """Number type of the converted model, as CTranslate2 names it: `int8`, `int8_float32`,
    `float16`, `float32`, ..."""

    @field_validator("name")
    @classmethod
    def _fit_for_the_store(cls, name: str) -> str:
        from translators.store import check_name

        try:
            return name and check_name(name)
        except UserError as error:
            raise ValueError(str(error)) from error

    @field_validator("quantization")
    @classmethod
    def _quantization(cls, name: str) -> str:
        if name not in QUANTIZATIONS:
            raise ValueError(f"no {name!r} here (choose from: {', '.join(QUANTIZATIONS)})")
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
        targets = ", ".join(self.targets)
        for corpus in (*self.bitext, *self.dev):
            path, target = corpus.path, corpus.target
            if target is None and len(self.targets) > 1:
                raise ValueError(
                    f"{path}: say which target it has, as in {self.targets[0]}={path}: {targets}"
                )
            if target is not None and target not in self.targets:
                raise ValueError(f"{path}: {target!r} is not among the targets: {targets}")
        of_corpora = {corpus.target or self.targets[0] for corpus in self.bitext}
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
        """The piece that opens a source text to be translated to `target`; a model of one direction
        needs none."""
        return language_tag(target) if len(self.directions()) > 1 else None

    def tagged(self) -> tuple[str, ...]:
        """The languages that have such a piece."""
        directions = self.directions()
        if len(directions) == 1:
            return ()
        written = {target for _, target in directions}
        return tuple(lang for lang in (self.source, *self.targets) if lang in written)


def load_config(path: Path | None, given: Mapping[str, Any]) -> TrainTranslatorConfig:
    """The configuration of the YAML file `path` and of `given`, which wins; see
    `configuration.load`."""
    return load(TrainTranslatorConfig, path, given)
