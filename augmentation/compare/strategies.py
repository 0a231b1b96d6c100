"""The strategies: what each trains on, what it translates, and on which seeds it depends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from augmentation.compare.config import WITHOUT_TRAINING, CompareConfig, Strategy

TRANSLATING = ("translate-train", "translate-train+source", "translate-train-all", "ensemble")
"""Strategies that train on the source training set translated."""
THROUGH_SOURCE = ("translate-test", "translate-test-round-trip", "ensemble")
"""Strategies that translate the test set to the source language."""

PartKind = Literal["source", "translated", "round-trip", "few"]


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """Rows that training sets are put together from: the source training set, its translation to
    `lang`, that translated back, or labelled rows in `lang` that few-shot draws from."""

    kind: PartKind
    lang: str = ""
    """A target language; empty for the source training set."""

    @property
    def name(self) -> str:
        """What messages and reports call it, such as `translated-de`."""
        return f"{self.kind}-{self.lang}" if self.lang else self.kind


SOURCE = Part("source")


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a model is trained on."""

    name: str
    """In reports, and of its folder."""
    parts: tuple[Part, ...]

    @classmethod
    def of(cls, *parts: Part) -> TrainingSet:
        """The training set of `parts`, named after them."""
        return cls("+".join(part.name for part in parts), parts)

    @property
    def has_source(self) -> bool:
        """Whether the source training set is a part of it."""
        return SOURCE in self.parts


def translates_training(strategies: Sequence[str]) -> bool:
    """Whether the source training set is translated for any of `strategies`."""
    return bool({*TRANSLATING, "translate-test-round-trip"} & set(strategies))


def strategies_of(config: CompareConfig, trainer: str, lang: str) -> Sequence[Strategy]:
    """The strategies of the comparison `config` that the trainer called `trainer` takes part in,
    for the language `lang`."""
    if lang == config.source.lang:
        return ("zero-shot",)
    if config.trainer(trainer).kind == "predictor":
        return [strategy for strategy in config.strategies if strategy in WITHOUT_TRAINING]
    return config.strategies


def training_sets(
    strategy: Strategy, lang: str, source: str, langs: Sequence[str]
) -> tuple[TrainingSet, ...]:
    """The training sets whose models `strategy` needs for `lang`, the target language's first.

    `source` is the source language, `langs` are all target languages.
    """
    original = TrainingSet.of(SOURCE)
    translated = Part("translated", lang)
    if lang == source or strategy in ("zero-shot", "translate-test"):
        return (original,)
    if strategy == "few-shot":
        return (TrainingSet.of(SOURCE, Part("few", lang)),)
    if strategy == "translate-train":
        return (TrainingSet.of(translated),)
    if strategy == "translate-train+source":
        return (TrainingSet.of(SOURCE, translated),)
    if strategy == "translate-train-all":
        parts = (SOURCE, *(Part("translated", other) for other in langs))
        return (TrainingSet("source+translated-all", parts),)
    if strategy == "translate-test-round-trip":
        return (TrainingSet.of(Part("round-trip", lang)),)
    return (TrainingSet.of(translated), original)
