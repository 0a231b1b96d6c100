"""The steps of training, one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import (
    load_config,
)
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.run import STEPS
from tests.helpers.swapped_words import MINI_RECIPE, make_swapped_pairs, write_tsv


def test_a_target_without_dev_pairs_is_named(tmp_path: Path) -> None:
    files = {name: write_tsv(tmp_path / f"{name}.tsv", make_swapped_pairs(150, seed=ord(name[0])))
             for name in ("de", "fr", "dev")}  # fmt: skip
    given = {
        "source": "en", "targets": ["de", "fr"], "alignment": None, "min_pairs": 10,
        "bitext": [{"path": files[target], "target": target} for target in ("de", "fr")],
        "dev": [{"path": files["dev"], "target": "de"}], "dev_pairs": 5,
    }  # fmt: skip
    setup = TrainSetup(load_config(MINI_RECIPE, given), tmp_path / "work", tmp_path / "model")
    setup.work.mkdir()
    summary = [step(setup, Listener()) for step in list(STEPS.values())[:4]][-1]
    assert summary.endswith("measured on dev 5, which has no pair in fr")
