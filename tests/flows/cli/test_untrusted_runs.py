"""Run folders that somebody else made: they are data, and their manifests are not obeyed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from augmentation.pipeline.cache import PROCESS_CACHE
from corpora.checked_json import read_checked, write_checked
from tests.helpers.command_line import Command, check_refused_in_one_line
from tests.helpers.compare_runs import write_compare_corpora
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_test_runs import PREDICTOR_COMMAND, write_city_requests
from tests.helpers.translate_train_runs import file_hashes, write_labelled_rows

Run = Callable[..., tuple[int, str, str]]


def change_manifest(run: Path, **settings: Any) -> Path:
    """Change the configuration in the manifest of `run`, as anyone can, and return its path."""
    path = run / "run.json"
    manifest = read_checked(path)
    assert manifest is not None
    manifest["config"] |= settings
    write_checked(path, manifest)
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that nothing may change."""
    folder = tmp_path / "outside"
    (folder / "models").mkdir(parents=True)
    (folder / "precious.txt").write_text("mine", encoding="utf-8")
    (folder / "models" / "model.bin").write_text("mine", encoding="utf-8")
    return folder


@pytest.fixture
def train(run_command: Command, toy: ToyTranslator, tmp_path: Path) -> Run:
    """Run translate-train with the toy translator into the folder `run`."""
    source = write_labelled_rows(tmp_path / "in.jsonl", 15)

    def run(*options: str | Path, out: str | Path = tmp_path / "run") -> tuple[int, str, str]:
        return run_command(
            "translate-train", source, "--task", "tokens", "--source", "en", "--target", "de",
            "--projector", "attention", "--shard-rows", "10", "--no-prefect", "--out", out,
            "--memory", tmp_path / "memory", *options,
        )  # fmt: skip

    return run


@pytest.fixture
def predict(run_command: Command, toy: ToyTranslator, tmp_path: Path) -> Run:
    """Run translate-test with the toy translator into the folder `run`."""
    source = write_city_requests(tmp_path / "in.jsonl")

    def run(*options: str | Path) -> tuple[int, str, str]:
        return run_command(
            "translate-test", source, "--task", "tokens", "--source", "de", "--target", "en",
            "--predictor", PREDICTOR_COMMAND, "--no-prefect", "--out", tmp_path / "run", *options,
        )  # fmt: skip

    return run


LINKS = [
    "report.html", "run.json", ".lock", ".lock.pid", "20-segment", "30-translate-de/memory.json",
    "20-segment/index.sqlite", "20-segment/index.sqlite-journal", "50-filter-de/part-00000.json",
    "50-filter-de/.part-00000.arrow.tmp", "export", "export/de/.data.tmp", "40-project-de/dropped",
]  # fmt: skip


@pytest.mark.parametrize("name", LINKS)
def test_links_in_a_run_are_refused_when_it_goes_on_or_is_read(
    train: Run, run_command: Command, tmp_path: Path, outside: Path, name: str
) -> None:
    assert train()[0] == 0
    before, link = file_hashes(outside), tmp_path / "run" / name
    for target in (outside, outside / "precious.txt"):
        if link.is_symlink() or link.is_file():
            link.unlink()
        elif link.is_dir():
            shutil.rmtree(link)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
        check_refused_in_one_line(train(), f"{link}: a link")
        for command in ("export", "inspect"):
            more = ("--out", tmp_path / "rows.jsonl") if command == "export" else ()
            result = run_command(command, tmp_path / "run", *more)
            if not (command == "inspect" and name == "run.json"):  # it takes it for a data set
                check_refused_in_one_line(result, f"{link}: a link")
        assert file_hashes(outside) == before


def test_the_run_folder_itself_may_be_a_link(train: Run, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "disk")
    assert train()[0] == 0
    assert train()[0] == 0
    assert (tmp_path / "run").is_symlink() and (tmp_path / "disk" / "report.html").is_file()


def test_links_in_a_memory_are_refused(
    train: Run, run_command: Command, tmp_path: Path, outside: Path
) -> None:
    assert train()[0] == 0
    (folder,) = (tmp_path / "memory").glob("en-de-*")
    before = file_hashes(outside)
    for number, name in enumerate(("index.sqlite", "identity.json", "x.arrow", "index.sqlite-wal")):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(outside / "precious.txt")
        PROCESS_CACHE._values.clear()  # as another process, which has no memory open
        result = train("--seed", str(number + 1), out=tmp_path / name)
        check_refused_in_one_line((result[0], "", result[2]), f"{folder / name}: a link")
        merged = run_command("memory", "merge", tmp_path / "memory", "--into", tmp_path / "other")
        check_refused_in_one_line(merged, f"{folder / name}: a link")
        (folder / name).unlink()
    assert file_hashes(outside) == before


def test_a_run_that_goes_on_takes_nothing_from_its_manifest(
    train: Run, tmp_path: Path, outside: Path
) -> None:
    assert train()[0] == 0
    made = read_checked(tmp_path / "run" / "run.json")
    before = file_hashes(outside)
    file = change_manifest(
        tmp_path / "run",
        memory=str(outside), out=str(outside), input=str(outside / "precious.txt"), name="../x",
    )  # fmt: skip
    for report in (tmp_path / "run").glob("report.html"):
        report.unlink()
    assert train()[0] == 0
    assert read_checked(file) == made
    assert file_hashes(outside) == before


def test_a_manifest_chooses_no_folder_to_write_to(
    train: Run, run_command: Command, tmp_path: Path, outside: Path
) -> None:
    assert train()[0] == 0
    run, before = tmp_path / "run", file_hashes(outside)
    again = ("translate-train", "--no-prefect", "--config", run / "run.json")
    check_refused_in_one_line(run_command(*again), "out would write to", "give --out")
    change_manifest(run, memory=str(outside))
    to = ("--out", tmp_path / "again")
    check_refused_in_one_line(
        run_command(*again, *to), f"memory would write to '{outside}'", "give --memory"
    )
    assert run_command(*again, *to, "--memory", "off")[0] == 0
    assert file_hashes(outside) == before
    name = "export/de/data/train-00000-of-00001.parquet"
    assert (run / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_manifest_runs_no_command(
    predict: Run, run_command: Command, tmp_path: Path, outside: Path
) -> None:
    code, _, err = predict()
    assert code == 0
    shown = PREDICTOR_COMMAND.removeprefix("command:").splitlines()[0]
    assert err.startswith(f"labelferry: runs the command: {shown}")
    attack = f"command:touch {outside / 'x'}"
    again = ("translate-test", "--no-prefect", "--config", tmp_path / "run" / "run.json")
    to = ("--out", tmp_path / "again")
    for setting in ("predictor", "ensemble"):
        change_manifest(tmp_path / "run", **{setting: attack})
        given = ("--predictor", PREDICTOR_COMMAND) if setting == "ensemble" else ()
        result = run_command(*again, *to, *given)
        check_refused_in_one_line(result, f"{setting} would run the command", f"give --{setting}")
        assert not (outside / "x").exists()
    change_manifest(tmp_path / "run", ensemble=None)
    assert run_command(*again, *to, "--predictor", PREDICTOR_COMMAND)[0] == 0
    lines = [(tmp_path / run / "predictions.jsonl").read_bytes() for run in ("run", "again")]
    assert lines[0] == lines[1]


def test_a_comparison_is_made_again_from_its_manifest(
    run_command: Command, toy: ToyTranslator, tmp_path: Path, outside: Path
) -> None:
    files = write_compare_corpora(tmp_path)
    config = {
        "task": "tokens", "out": str(files / "run"), "memory": "off", "samples": 20, "seeds": 1,
        "source": {"lang": "en", "train": str(files / "train.jsonl")},
        "targets": [{"lang": "de", "test": str(files / "test.de.jsonl")}],
        "strategies": ["zero-shot", "translate-train"],
    }  # fmt: skip
    (files / "mine.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert run_command("compare", files / "mine.yaml", "--no-prefect")[0] == 0
    again = ("compare", files / "run" / "run.json", "--no-prefect")
    check_refused_in_one_line(run_command(*again), "out would write to", "give --out")
    code, out, err = run_command(*again, "--out", files / "again", "--json")
    assert code == 0, err
    scores = [lang["strategies"][1]["scores"] for lang in json.loads(out)["languages"]]
    made = json.loads((files / "run" / "results.json").read_text(encoding="utf-8"))
    assert scores == [lang["strategies"][1]["scores"] for lang in made["languages"]]
    attack = {"kind": "predictor", "name": "x", "predictor": f"command:touch {outside / 'x'}"}
    change_manifest(files / "run", trainers=[{"kind": "light"}, attack])
    check_refused_in_one_line(
        run_command(*again, "--out", files / "third"),
        "trainers.1.predictor would run the command", "a configuration of your own",
    )  # fmt: skip
    assert not (outside / "x").exists()
    (files / "run" / "40-models").symlink_to(outside)
    check_refused_in_one_line(
        run_command("compare", files / "mine.yaml", "--no-prefect"), "40-models: a link"
    )
    assert (outside / "models" / "model.bin").is_file()


def test_a_translator_is_trained_again_from_its_configuration(
    run_command: Command, trained_model: Path, tmp_path: Path, outside: Path
) -> None:
    """It has no manifest, but the configuration in its work folder."""
    shutil.copytree(trained_model, tmp_path / "model")
    work = tmp_path / "model.work"
    shutil.copytree(trained_model.with_name(f"{trained_model.name}.work"), work)
    again = ("train-translator", "--config", work / "config.yaml", "--no-prefect", "--device",
             "cpu", "--threads", "1", "--out", tmp_path / "model")  # fmt: skip
    before = file_hashes(work)
    code, _, err = run_command(*again)
    assert code == 0, err
    assert file_hashes(work) == before
    made, trained = file_hashes(tmp_path / "model"), file_hashes(trained_model)
    assert {name for name in trained if made[name] != trained[name]} <= {"README.md"}
    kept = file_hashes(outside)
    for name in ("50-train/checkpoints", "60-convert/model", "10-clean/x", ".lock"):
        link = work / name
        backup = tmp_path / "backup"
        if link.exists():
            link.rename(backup)
        link.symlink_to(outside)
        check_refused_in_one_line(run_command(*again), f"{link}: a link")
        link.unlink()
        if backup.exists():
            backup.rename(link)
    assert file_hashes(outside) == kept
