"""`labelferry train-translator`, killed or out of disk: it resumes to the same weights."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")

import safetensors.numpy
import yaml

from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import load_config
from augmentation.train_translator.layout import TrainSetup
from augmentation.train_translator.run import STEPS
from corpora.errors import UserError
from tests.helpers.paths import ROOT
from tests.helpers.swapped_words import MINI_RECIPE, make_swapped_pairs, train_command, write_tsv
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder in which all is ready for training in both directions."""
    folder = tmp_path_factory.mktemp("prepared")
    bitext = write_tsv(folder / "train.tsv", make_swapped_pairs(300, seed=5))
    recipe = yaml.safe_load(MINI_RECIPE.read_text(encoding="utf-8"))
    recipe["bidirectional"] = True
    recipe["training"] |= {
        "max_steps": 60, "checkpoint_every": 10, "validate_every": 30,
        "noise": {"lower": 0.2, "swap": 0.2, "copy_word": 0.1, "markers": 0.2},
    }  # fmt: skip
    recipe["training"]["shape"] |= {"d_model": 32, "dropout": 0.1}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")
    setup = TrainSetup(
        load_config(
            folder / "recipe.yaml",
            {"source": "en", "targets": ["de"], "bitext": [{"path": bitext}]},
        ),
        folder / "prepared.work",
        folder / "prepared",
    )
    setup.work.mkdir()
    for step in list(STEPS.values())[:4]:
        step(setup, Listener())
    return folder


def start_training(folder: Path, out: str) -> subprocess.Popen[bytes]:
    command = train_command(folder / "train.tsv", folder / out)
    command[command.index(str(MINI_RECIPE))] = str(folder / "recipe.yaml")
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli.main", *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def uninterrupted(prepared: Path) -> Path:
    shutil.copytree(prepared / "prepared.work", prepared / "whole.work")
    process = start_training(prepared, "whole")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors.decode()
    return prepared / "whole.work"


def weights(work: Path) -> dict[str, np.ndarray]:
    return dict(safetensors.numpy.load_file(work / "50-train" / "model" / "model.safetensors"))


def test_a_killed_run_resumes_to_the_same_weights(prepared: Path, uninterrupted: Path) -> None:
    shutil.copytree(prepared / "prepared.work", prepared / "killed.work")
    checkpoints = prepared / "killed.work" / "50-train" / "checkpoints"
    process = start_training(prepared, "killed")
    deadline = time.monotonic() + 120
    while not (checkpoints / "step-00000020").is_dir():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (prepared / "killed").exists()
    assert not (checkpoints / "step-00000060").exists()

    again = start_training(prepared, "killed")
    _, errors = again.communicate(timeout=200)
    assert again.returncode == 0, errors.decode()
    one, other = weights(uninterrupted), weights(prepared / "killed.work")
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_a_model_of_both_directions(prepared: Path, uninterrupted: Path) -> None:
    info = read_model(prepared / "whole")
    assert info.supports("en", "de") and info.supports("de", "en")
    scores = info.card.training["scores"]
    assert {s["direction"] for s in scores} == {"en-de", "de-en"}
    with pytest.raises(UserError, match="fr"):
        open_translator(prepared / "whole").translate(["mira"], "en", "fr", DecodingOptions())


def test_a_full_disk_leaves_the_last_good_checkpoint(prepared: Path) -> None:
    shutil.copytree(prepared / "prepared.work", prepared / "full.work")
    process = start_training(prepared, "full")
    checkpoints = prepared / "full.work" / "50-train" / "checkpoints"
    deadline = time.monotonic() + 120
    while not (checkpoints / "step-00000010").is_dir():
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    # From here on no file may grow beyond 100 kB: the next checkpoint's weights do.
    limit = (100_000, 100_000)
    import resource

    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limit)
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 2, errors.decode()
    last = errors.decode().splitlines()[-1]
    assert "cannot write a checkpoint" in last and "the last good one is step-" in last
    whole = [p for p in checkpoints.iterdir() if p.name.startswith("step-")]
    state = json.loads((max(whole) / "state.json").read_text(encoding="utf-8"))
    assert state["progress"]["step"] == int(max(whole).name.removeprefix("step-"))
    assert safetensors.numpy.load_file(max(whole) / "model.safetensors")
