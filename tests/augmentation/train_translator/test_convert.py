"""The trained model is converted."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from augmentation.pipeline.listener import Listener
from augmentation.train_translator import convert as convert_module
from augmentation.train_translator.config import load_config
from augmentation.train_translator.convert import convert_step
from augmentation.train_translator.layout import TrainSetup
from corpora.errors import UserError


def test_a_disk_that_is_full_when_the_model_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(convert_module, "convert", full)
    config = load_config(None, {"source": "en", "targets": ["de"], "bitext": [{"path": "a.tsv"}]})
    setup = TrainSetup(config, tmp_path / "work", tmp_path / "model")
    setup.model.mkdir(parents=True)
    with pytest.raises(UserError, match=r"60-convert.*: no space left to write here"):
        convert_step(setup, Listener())
