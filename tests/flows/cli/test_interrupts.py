"""Ctrl-C, with real processes: a command ends within seconds, says what is true, and keeps it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from augmentation.train_translator.layout import TRAIN_STEP
from flows.cli.interrupts import GRACE_SECONDS, INTERRUPTED
from flows.cli.main import main
from tests.helpers.compare_runs import compare_config, write_compare_corpora
from tests.helpers.paths import ROOT
from tests.helpers.swapped_words import train_command
from tests.helpers.toy_translator import ToyTranslator
from tests.helpers.translate_test_runs import PREDICTOR_COMMAND, write_city_requests
from tests.helpers.translate_train_runs import file_hashes, sidecar_times, write_labelled_rows

SLACK = 3.0
"""For a busy machine."""
TO_GERMAN = ("--source", "en", "--target", "de")
IN_A_MOMENT = "run the same command again to continue"


def start(
    runs: Path, calls: int, *arguments: str | Path, stuck: str = "step"
) -> subprocess.Popen[str]:
    """A command that is stuck after so many `calls`; see `stuck_command`."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.helpers.stuck_command", str(calls), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "LABELFERRY_RUNS": str(runs), "LABELFERRY_STUCK": stuck},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def interrupt(command: subprocess.Popen[str], times: int = 1) -> tuple[float, str]:
    """Press Ctrl-C `times` times where the command is stuck: how long it took, what it said."""
    assert command.stderr is not None
    lines = []
    while (line := command.stderr.readline()) != "stuck\n":
        lines.append(line)
        assert line, f"it ended by itself: {lines}"
    time.sleep(0.1)
    began = time.monotonic()
    for _ in range(times):
        os.killpg(command.pid, signal.SIGINT)  # a terminal sends it to the children too
        time.sleep(0.1)
    _, errors = command.communicate(timeout=60)
    assert command.returncode == INTERRUPTED
    assert "Traceback" not in errors
    assert errors.count("\n") == 1, errors
    return time.monotonic() - began, errors


def finish(command: subprocess.Popen[str]) -> str:
    """Wait for the command, which succeeds: what it said."""
    _, errors = command.communicate(timeout=60)
    assert command.returncode == 0, errors
    return errors


def test_an_interrupted_translation_continues(runs: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("".join(f"line {number} here\n" for number in range(9)))
    command = ("translate", source, "--output", out, *TO_GERMAN)
    seconds, errors = interrupt(start(runs, 4, *command))
    partial = tmp_path / "out.txt.partial"
    assert errors == (
        f"labelferry: interrupted; what is done is kept in {partial}: {IN_A_MOMENT}\n"
    )
    assert seconds < GRACE_SECONDS + SLACK
    assert not out.exists() and partial.read_bytes().count(b"\n") == 3
    assert "9 rows" in (errors := finish(start(runs, 0, *command)))
    assert "6 of them translated before" in errors
    assert out.read_text() == "".join(f"HERE {number} LINE\n" for number in range(9))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.txt", "out.txt"]


def test_a_second_interrupt_ends_at_once(runs: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("a line\n")
    command = start(runs, 1, "translate", source, "--output", tmp_path / "out.txt", *TO_GERMAN)
    seconds, errors = interrupt(command, times=2)
    assert seconds < GRACE_SECONDS
    assert "nothing was written" in errors
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]


def test_an_interrupted_run_continues(runs: Path, tmp_path: Path) -> None:
    source = write_labelled_rows(tmp_path / "in.jsonl", 95)

    def command(name: str) -> tuple[str | Path, ...]:
        return (
            *("translate-train", source, "--task", "tokens", *TO_GERMAN, "--no-prefect"),
            *("--shard-rows", "10", "--projector", "attention", "--out", tmp_path / name),
            *("--memory", tmp_path / f"{name}-memory"),
        )

    seconds, errors = interrupt(start(runs, 5, *command("broken")))
    assert errors == f"labelferry: interrupted; what is done is kept: {IN_A_MOMENT}\n"
    assert seconds < GRACE_SECONDS + SLACK
    before = sidecar_times(tmp_path / "broken")
    assert sum("30-translate" in name for name in before) >= 3
    finish(start(runs, 0, *command("broken")))
    finish(start(runs, 0, *command("whole")))
    after = sidecar_times(tmp_path / "broken")
    assert {name: after[name] for name in before} == before, "a shard was done again"
    assert file_hashes(tmp_path / "broken" / "export") == file_hashes(tmp_path / "whole" / "export")


def labelled_file(folder: Path) -> tuple[str | Path, ...]:
    source, targets = write_labelled_rows(folder / "en.jsonl", 4), folder / "de.txt"
    targets.write_text("nach Oslo\n" * 4)
    return ("project", source, "--targets", targets, *TO_GERMAN, "--out", folder / "out.jsonl")


def bitext(folder: Path) -> tuple[str | Path, ...]:
    (folder / "pairs.tsv").write_text("a house\tein Haus\n" * 4)
    return ("align", folder / "pairs.tsv", "--out", folder / "out.talp")


def city_requests(folder: Path) -> tuple[str | Path, ...]:
    return (
        *("translate-test", write_city_requests(folder / "in.jsonl"), "--task", "tokens"),
        *("--source", "de", "--target", "en", "--predictor", PREDICTOR_COMMAND, "--no-prefect"),
        *("--projector", "attention", "--shard-rows", "5", "--out", folder / "out"),
    )


def comparison(folder: Path) -> tuple[str | Path, ...]:
    strategies = ["zero-shot", "translate-train"]
    config = compare_config(write_compare_corpora(folder), seeds=1, strategies=strategies)
    path = folder / "compare.yaml"
    path.write_text(json.dumps(config.model_dump(mode="json", exclude_unset=True)))
    return ("compare", path, "--no-prefect")


@pytest.mark.parametrize(
    ("command", "calls", "kept"),
    [
        (labelled_file, 1, "nothing was written: run the same command again to start anew"),
        (bitext, 1, "nothing was written: run the same command again to start anew"),
        (city_requests, 2, f"what is done is kept: {IN_A_MOMENT}"),
        (comparison, 2, f"what is done is kept: {IN_A_MOMENT}"),
    ],
)
def test_every_long_command_ends_at_once_and_continues(
    command: Callable[[Path], tuple[str | Path, ...]],
    calls: int,
    kept: str,
    runs: Path,
    tmp_path: Path,
    toy: ToyTranslator,
) -> None:
    arguments = command(tmp_path)
    seconds, errors = interrupt(start(runs, calls, *arguments))
    assert errors == f"labelferry: interrupted; {kept}\n"
    assert seconds < GRACE_SECONDS + SLACK
    before = sidecar_times(tmp_path)
    if kept.startswith("nothing"):
        assert not list(tmp_path.glob("out*"))
    assert main([*map(str, arguments)]) == 0
    after = sidecar_times(tmp_path)
    assert {name: after[name] for name in before} == before, "a shard was done again"


@pytest.mark.parametrize(
    ("stuck", "calls", "kept"),
    [("slow", 70, r"up to step (7\d|8\d|9\d)"), ("step", 67, "up to step 65")],
)
def test_interrupted_training_says_where_it_continues(
    stuck: str, calls: int, kept: str, trained_model: Path, runs: Path, tmp_path: Path
) -> None:
    work, out = tmp_path / "model.work", tmp_path / "model"
    shutil.copytree(trained_model.with_name("model.work"), work)
    shutil.rmtree(work / TRAIN_STEP)
    (work / TRAIN_STEP).mkdir()
    command = train_command(trained_model.with_name("train.tsv"), out)
    _, errors = interrupt(start(runs, calls, *command, stuck=stuck))
    words = rf"labelferry: interrupted; training is kept {kept}: {IN_A_MOMENT}\n"
    assert re.fullmatch(words, errors), errors
    step = int(errors.split("step ")[1].split(":")[0])
    last = max((work / TRAIN_STEP / "checkpoints").iterdir())
    assert last.name == f"step-{step:08d}"
    if stuck == "slow":
        assert main([*command, "--max-minutes", "0.0001"]) == 0
        history = json.loads((work / TRAIN_STEP / "history.json").read_text())
        assert history["steps"] == step + 1


@pytest.mark.parametrize("module", ["cyclopts", "flows.cli.translate", "pyarrow"])
def test_an_interrupt_during_imports_is_one_line(module: str, tmp_path: Path) -> None:
    code = f"""
import sys
from flows.cli.main import main

class Pressed:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            sys.meta_path.remove(self)
            import os, signal
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressed())
sys.exit(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", code, "translate", "in.txt", *TO_GERMAN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (INTERRUPTED, "")
    assert re.fullmatch("labelferry: interrupted; nothing was written.*\n", ended.stderr)


def test_nothing_is_imported_before_interrupts_are_heeded() -> None:
    code = (
        "import sys; before = set(sys.modules); import flows.cli.main;"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    ours = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(ours) - sys.stdlib_module_names == {"flows"}
