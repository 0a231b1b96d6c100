"""Recipes and the settings of their parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from augmentation.train_translator.config import (
    BitextSource,
    CleaningConfig,
    TrainTranslatorConfig,
    load_config,
)
from tests.helpers.paths import ROOT


def test_only_tables_have_columns() -> None:
    for files in ({"path": "a.tmx.gz"}, {"path": "a.en", "target_path": "a.de"}):
        with pytest.raises(ValueError, match="only a tab-separated file has columns"):
            BitextSource.model_validate(files | {"columns": ["1", "2"]})


@pytest.mark.parametrize(
    "limits", [{"max_chars": 0}, {"max_length_ratio": 0.5}, {"min_alphabet_share": 50}]
)
def test_limits_that_nothing_could_keep_to_are_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(limits))):
        CleaningConfig.model_validate(limits)


def recipes() -> Iterator[Path]:
    yield from sorted((ROOT / "configs").glob("train-*.yaml"))


@pytest.mark.parametrize("recipe", recipes(), ids=lambda path: path.stem)
def test_recipes_are_valid(recipe: Path) -> None:
    settings = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    needed = {"source": "en", "targets": ["de"], "bitext": [{"path": "x.tsv"}]}
    given = {key: value for key, value in needed.items() if key not in settings}
    assert isinstance(load_config(recipe, given), TrainTranslatorConfig)


def test_a_single_target_needs_no_list() -> None:
    given = {"source": "en", "targets": "DE", "bitext": [{"path": "x.tsv"}]}
    assert load_config(None, given).targets == ("de",)
