"""The flow of train-translator does what runs without Prefect do."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from augmentation.pipeline.listener import Listener, Progress
from augmentation.train_translator import run as run_module
from augmentation.train_translator.config import load_config
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.run import STEPS
from corpora.errors import UserError
from tests.helpers.swapped_words import MINI_RECIPE, make_swapped_pairs, write_tsv

pytestmark = pytest.mark.timeout(600)


def test_the_flow_walks_through_the_same_steps(
    trained_model: Path, tmp_path: Path, prefect_server: None
) -> None:
    from prefect.client.orchestration import get_client

    from flows.train_translator import train_translator

    shutil.copytree(trained_model.with_name("model.work"), tmp_path / "model.work")
    config = load_config(
        MINI_RECIPE,
        {
            "source": "en",
            "targets": ["de"],
            "bitext": [{"path": trained_model.with_name("train.tsv")}],
        },
    )
    state = train_translator(config, tmp_path / "model", threads=1, return_state=True)
    assert state.result() == tmp_path / "model"
    assert (tmp_path / "model" / "model.bin").read_bytes() == (
        trained_model / "model.bin"
    ).read_bytes()
    # Prefect's records arrive a little later than the result.
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while True:
            runs = [
                run
                for run in client.read_task_runs()
                if run.flow_run_id == state.state_details.flow_run_id
                and run.state is not None
                and run.state.is_completed()
            ]
            if len(runs) == len(STEPS) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    assert {run.name for run in runs} == set(STEPS)


def test_the_flow_fails_with_the_message_that_the_user_needs(
    tmp_path: Path, prefect_server: None
) -> None:
    from flows.train_translator import train_translator

    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(12))
    config = load_config(
        MINI_RECIPE, {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]}
    )
    with pytest.raises(UserError, match="only 12 clean sentence pairs"):
        train_translator(config, tmp_path / "model")


def test_an_artifact_that_cannot_be_updated_does_not_end_training(
    tmp_path: Path, prefect_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.client.orchestration import SyncPrefectClient

    from flows.train_translator import train_translator

    tried: list[float] = []

    def refuse(self: object, artifact_id: object, artifact: Any) -> None:
        tried.append(artifact.data)
        raise OSError("the server is gone")

    def step(setup: TrainSetup, listener: Listener) -> str:
        listener.advanced(Progress("train", 0.0, "steps", 1, 2, 2))
        setup.out.mkdir()
        return str((setup.out / "README.md").write_text("# A model"))

    monkeypatch.setattr(SyncPrefectClient, "update_artifact", refuse)
    monkeypatch.setattr(run_module, "STEPS", {"train": step})
    bitext = write_tsv(tmp_path / "a.tsv", make_swapped_pairs(1))
    config = load_config(
        MINI_RECIPE, {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]}
    )
    assert train_translator(config, tmp_path / "model") == tmp_path / "model"
    assert tried == [50.0]
