"""The strategies: what each trains on and how it predicts."""

from __future__ import annotations

from collections.abc import Sequence

from augmentation.compare.config import WITHOUT_TRAINING, Strategy
from augmentation.compare.context import CompareRun

TRANSLATING = ("translate-train", "translate-train+source", "translate-train-all", "ensemble")


BY_WAY_OF_SOURCE = ("translate-test", "translate-test-round-trip", "ensemble")


def needs_translation(strategies: Sequence[str]) -> bool:
    """Whether the source training set is translated for any of `strategies`."""
    return bool({*TRANSLATING, "translate-test-round-trip"} & set(strategies))


def strategies_of(run: CompareRun, trainer: str, lang: str) -> Sequence[Strategy]:
    """The strategies that there are cells of for `trainer` in `lang`."""
    if lang == run.config.source.lang:
        return ("zero-shot",)
    if run.trainer(trainer).kind == "predictor":
        return [one for one in run.config.strategies if one in WITHOUT_TRAINING]
    return run.config.strategies


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


def kind_and_lang(name: str) -> tuple[str, str]:
    """What a part of a training set's name says: `round-trip` and `zh-Hans` of
    `round-trip-zh-Hans`, `source` and nothing of `source`."""
    for kind in ("translated", "round-trip", "few"):
        if name.startswith(f"{kind}-"):
            return kind, name.removeprefix(f"{kind}-")
    return name, ""
