"""Every command of the README is run; those that need a hub, a server or an extra are parsed."""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from augmentation.translate_train.config import validated
from corpora.readers import open_corpus
from corpora.records import Row
from corpora.writers import write_corpus
from flows.cli.commands import command_line
from tests.helpers.paths import ROOT
from translators.store import resolve

README = (ROOT / "README.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"(?:<!-- (needs [^>]*?) -->\n)?```console\n(.*?)```", re.S)


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and why it cannot be run here (empty where it can)."""

    text: str
    needs: str


def readme_commands() -> list[Command]:
    return [
        Command(line[2:], needs)
        for needs, body in _BLOCK.findall(README)
        for line in body.splitlines()
        if line.startswith("$ ")
    ]


COMMANDS = readme_commands()
RUN = [c.text for c in COMMANDS if not c.needs and not c.text.startswith("make ")]
PARSED = [c.text for c in COMMANDS if c.needs and c.text.startswith("labelferry ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_path: Path) -> Path:
    """A folder with the files that the README speaks of, made from our samples."""
    home = tmp_path_factory.mktemp("readme")
    (home / "data").mkdir()
    (home / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    samples = ROOT / "data" / "samples"
    spans = list(open_corpus(samples / "ner.en.jsonl", task="tokens", lang="en").rows())[:5]
    write_corpus(spans, home / "rows.jsonl", task="tokens")
    write_quoted(spans, home / "quoted.tsv")
    write_corpus(spans, home / "conll2003.conll", task="tokens")
    write_corpus(spans, home / "sentences.txt", task="text")
    pairs = list(open_corpus(samples / "pairs.en.jsonl", task="pair", lang="en").rows())[:5]
    write_corpus(pairs, home / "pairs.tsv", task="pair")
    classes = list(
        open_corpus(samples / "classification.en.jsonl", task="classification", lang="en").rows()
    )[:5]
    for name in ("topics.parquet", "topics.arrow"):
        write_corpus(classes, home / name, task="classification")
    lines = ["review,stars", *(f"{json.dumps(r.text)},{r.label}" for r in classes)]
    (home / "reviews.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (home / "squad.json").write_bytes((samples / "qa.en.json").read_bytes())
    german = list(open_corpus(samples / "ner.de.gold.jsonl", task="tokens", lang="de").rows())[:5]
    for name, rows in (("rows.de.txt", german), ("rows.en.txt", spans)):
        (home / name).write_text("".join(r.text + "\n" for r in rows), encoding="utf-8")
    (home / "lines.txt").write_text("Hello.\n", encoding="utf-8")
    demo = "translate-train data/samples/intents.en.jsonl --task tokens --source en --target de"
    _run(f"labelferry {demo} --out data/runs/demo --limit 40", home, model_path)
    return home


def write_quoted(rows: list[Row], path: Path) -> None:
    """Rows as a table whose fields all stand in quotes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL)
        table.writerow(["text", "spans"])
        for row in rows:
            spans = [[span.start, span.end, span.label] for span in row.spans]
            table.writerow([row.text, json.dumps(spans)])


def _run(command: str, home: Path, model: Path) -> subprocess.CompletedProcess[str]:
    if "translate-train" in command:
        command += " --no-prefect"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "LABELFERRY_RUNS": str(home / "data" / "runs"),
        "LABELFERRY_STORE": str(home / "store"),
        "LABELFERRY_MODEL": str(model),
    }
    command = command.replace("labelferry ", f"{shlex.quote(sys.executable)} -m flows.cli.main ")
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        ["bash", "-c", command], cwd=home, env=environment, text=True, capture_output=True,
        timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def test_the_two_commands_come_first() -> None:
    assert [c.text for c in COMMANDS[:2]] == ["make demo", "make test"]


def test_the_output_is_that_of_the_model_that_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABELFERRY_MODEL", raising=False)
    assert f"model {resolve().name}; spans placed by" in README, "run `make demo`, and show that"


@pytest.mark.parametrize("command", RUN)
def test_command_runs(command: str, folder: Path, model_path: Path) -> None:
    _run(command, folder, model_path)


@pytest.mark.parametrize("command", PARSED)
def test_command_parses(command: str) -> None:
    words = shlex.split(command.split("<")[0].split("|")[-1])
    command_line().parse_args(words[1:], exit_on_error=False, print_error=False)


def test_deployments_are_what_the_readme_runs() -> None:
    settings = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    names = {f"translate-train/{one['name']}" for one in settings["deployments"]}
    asked = [c.text.split()[-1] for c in COMMANDS if "deployment run" in c.text]
    assert asked and set(asked) <= names
    for one in settings["deployments"]:
        module, _, function = one["entrypoint"].partition(":")
        assert hasattr(importlib.import_module(module), function)
        assert one["work_pool"]["name"] == "labelferry"
        validated(one["parameters"]["config"])


def test_python_block(folder: Path) -> None:
    """The trainers' block, with the export that the first block made."""
    datasets = pytest.importorskip("datasets")
    polars = pytest.importorskip("polars")
    export = folder / "data" / "runs" / "demo" / "export" / "de"
    rows = datasets.load_dataset(str(export), cache_dir=str(folder / "cache"))["train"]
    frame = polars.read_parquet(f"{export}/data/*.parquet")
    assert len(frame) >= len(rows) > 0
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    (program,) = [block for block in blocks if "load_dataset" in block]
    done = subprocess.run(
        [sys.executable, "-c", program + "\nprint(len(next(iter(loader))))"],
        cwd=folder,
        env={**os.environ, "HF_HOME": str(folder / "hf")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0
