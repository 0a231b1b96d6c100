"""What is killed: small real runs, with their inputs and what must come of them."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from augmentation.compare.config import CompareConfig
from augmentation.compare.run import compare
from augmentation.translate_test.config import TranslateTestConfig
from augmentation.translate_test.run import translate_test
from augmentation.translate_train.config import TranslateTrainConfig
from augmentation.translate_train.run import translate_train
from augmentation.translation.memory_merge import merge_memories
from flows.cli.main import main
from tests.helpers.compare_runs import compare_config, write_compare_corpora
from tests.helpers.paths import ROOT
from tests.helpers.toy_translator import translate_by_toy
from tests.helpers.translate_test_runs import translate_test_config, write_city_requests
from tests.helpers.translate_train_runs import (
    file_hashes,
    sidecar_times,
    translate_train_config,
    write_labelled_rows,
)

for config in (TranslateTrainConfig, TranslateTestConfig, CompareConfig):
    config.model_rebuild()  # once, for all children that are forked with it


@dataclass(frozen=True)
class Scenario:
    """Every function takes the folder that all is in."""

    prepare: Callable[[Path], object]
    """Makes the folder, and the inputs in it."""
    run: Callable[[Path], object]
    """What is killed and run again; it has a process for itself."""
    results: Callable[[Path], dict[str, str]]
    """What must be the same however often it was killed."""
    finished: Callable[[Path], dict[str, int]] = lambda folder: sidecar_times(folder / "run")
    """When each record of finished work was written; what is finished is not done again."""


def _train_input(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_labelled_rows(folder / "in.jsonl", 15)


def train_command(folder: Path) -> list[str]:
    """The command line of what `translate-train` runs in `folder`."""
    return [
        "translate-train", str(folder / "in.jsonl"), "--task", "tokens", "--source", "en",
        "--target", "de", "--out", str(folder / "run"), "--memory", str(folder / "memory"),
        "--shard-rows", "10", "--projector", "attention", "--no-prefect",
    ]  # fmt: skip


def _train(folder: Path) -> None:
    translate_by_toy(pytest.MonkeyPatch())
    translate_train(
        translate_train_config(folder / "in.jsonl", folder / "run", memory=folder / "memory")
    )


def _export(folder: Path) -> dict[str, str]:
    return file_hashes(folder / "run" / "export")


def _test_input(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_city_requests(folder / "in.jsonl")


def _test(folder: Path) -> None:
    translate_by_toy(pytest.MonkeyPatch())
    translate_test(translate_test_config(folder / "in.jsonl", folder / "run"))


def _predictions(folder: Path) -> dict[str, str]:
    return {"predictions": (folder / "run" / "predictions.jsonl").read_text(encoding="utf-8")}


def _compare_input(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_compare_corpora(folder)


def _compare(folder: Path) -> None:
    translate_by_toy(pytest.MonkeyPatch())
    strategies = ["zero-shot", "translate-train", "translate-test"]
    compare(compare_config(folder, seeds=1, samples=50, strategies=strategies))


def _scores(folder: Path) -> dict[str, str]:
    cells = file_hashes(folder / "run" / "50-cells")
    return {name: hash_ for name, hash_ in cells.items() if name.endswith("predictions.jsonl")}


def _train_translator_input(folder: Path) -> None:
    from tests.helpers.swapped_words import make_swapped_pairs, write_tsv

    folder.mkdir(parents=True)
    write_tsv(folder / "in.tsv", make_swapped_pairs(300, seed=5))


def _train_translator(folder: Path) -> None:
    from tests.helpers.swapped_words import train_command as command

    assert main(command(folder / "in.tsv", folder / "model")) == 0


def _trained(folder: Path) -> dict[str, str]:
    names = ("model.bin", "source.spm", "target.spm", "shared_vocabulary.json")
    return {name: hash_ for name, hash_ in file_hashes(folder / "model").items() if name in names}


def _add_model(folder: Path) -> None:
    from translators.adding import add_model
    from translators.describing import ModelFacts
    from translators.store import list_models

    os.environ["LABELFERRY_STORE"] = str(folder / "store")
    if not any(model.card.name == "added" for model in list_models()):
        add_model(str(ROOT / "data" / "models" / "en-de"), ModelFacts(name="added"))


def _two_memories(folder: Path) -> None:
    for name, seed in (("one", 1), ("two", 2)):
        (folder / name).mkdir(parents=True)
        source = write_labelled_rows(folder / name / "in.jsonl", 15, seed=seed)
        with pytest.MonkeyPatch.context() as patch:
            translate_by_toy(patch)
            translate_train(
                translate_train_config(source, folder / name / "run", memory=folder / name / "m")
            )


def _merge(folder: Path) -> None:
    merge_memories(folder / "one" / "m", folder / "two" / "m")


def remembered(memory: Path) -> dict[str, str]:
    """The file that each segment of a translation memory is in, and the files' hashes."""
    found = {}
    for index in memory.glob("*/index.sqlite"):
        with sqlite3.connect(index) as connection:
            for key, name in connection.execute(
                "SELECT hex(key), name FROM segments JOIN parts USING (part)"
            ):
                found[f"{index.parent.name}/{key}"] = name
    files = {
        n: h for n, h in file_hashes(memory).items() if n.endswith((".arrow", "identity.json"))
    }
    return found | files


def _nothing(folder: Path) -> dict[str, int]:
    return {}


SCENARIOS = {
    "translate-train": Scenario(_train_input, _train, _export),
    "translate-test": Scenario(_test_input, _test, _predictions),
    "compare": Scenario(_compare_input, _compare, _scores),
    "train-translator": Scenario(_train_translator_input, _train_translator, _trained, _nothing),
    "models add": Scenario(
        lambda folder: folder.mkdir(parents=True), _add_model,
        lambda folder: file_hashes(folder / "store"), _nothing,
    ),
    "memory merge": Scenario(
        _two_memories, _merge, lambda folder: remembered(folder / "two" / "m"), _nothing
    ),
}  # fmt: skip
