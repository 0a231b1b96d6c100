"""Pipes, process substitution and standard input, with the real command line in bash."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.storage import compressing
from tests.helpers.paths import ROOT
from tests.helpers.translate_train_runs import file_hashes, write_labelled_rows

LABELFERRY = f"{shlex.quote(sys.executable)} -m tests.helpers.stuck_command 0"
LINES = [f"line {number} here" for number in range(4000)]
pytestmark = pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with inputs of all kinds."""
    texts = "".join(line + "\n" for line in LINES)
    (tmp_path / "lines.txt").write_text(texts)
    (tmp_path / "lines.gz").write_bytes(gzip.compress(texts.encode()))
    with compressing(tmp_path / "lines.zst", ".zst") as file:
        file.write(texts.encode())
    write_labelled_rows(tmp_path / "rows.jsonl", 30)
    (tmp_path / "config.yaml").write_text("task: tokens\nsource: en\ntargets: [de]\n")
    return tmp_path


def bash(folder: Path, script: str, code: int = 0) -> tuple[str, str]:
    """Run `script`, in which `labelferry` is the command with the toy translator."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LABELFERRY_RUNS": str(folder / "runs")}
    ended = subprocess.run(
        ["bash", "-c", f'labelferry() {{ {LABELFERRY} "$@"; }}\n{script}'],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.returncode == code, ended.stderr
    return ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("before", "given"),
    [
        ("", "<(printf l; sleep 0.1; tail -c +2 lines.txt)"),
        ("cat lines.gz |", "-"),
        ("mkfifo pipe; cat lines.zst > pipe &", "pipe"),
    ],
)
def test_no_line_of_a_pipe_is_lost(folder: Path, before: str, given: str) -> None:
    out, _ = bash(
        folder,
        f"{before} python=x labelferry translate {given} --source en --target de",
    )
    assert out == "".join(" ".join(reversed(line.upper().split())) + "\n" for line in LINES)


def test_a_run_from_a_pipe_continues_and_is_that_of_the_file(folder: Path) -> None:
    options = (
        "--task tokens --source en --target de --no-prefect --projector attention --memory off"
    )
    script = f"""
        labelferry translate-train rows.jsonl {options} --out runs/file &&
        labelferry translate-train <(cat rows.jsonl) {options} --out runs/piped &&
        cat rows.jsonl | labelferry translate-train - --config <(cat config.yaml) \
            --no-prefect --projector attention --memory off --out runs/piped
    """
    out, _ = bash(folder, script)
    assert "all was done before" in out
    exports = [
        {
            name: value
            for name, value in file_hashes(folder / "runs" / run / "export").items()
            if name.endswith(".parquet")
        }
        for run in ("file", "piped")
    ]
    assert exports[0] and exports[0] == exports[1]


def test_the_commands_that_read_rows_take_pipes(folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    (folder / "targets.txt").write_text("".join(row["text"] + "\n" for row in rows))
    (folder / "sources.txt").write_text("".join(row["text"] + "\n" for row in rows))
    script = """
        labelferry align <(cat sources.txt) - --out links.talp < targets.txt &&
        labelferry project <(cat rows.jsonl) --targets <(cat targets.txt) --source en --target de \
            --alignments <(cat links.talp) --projector aligned --out projected.jsonl &&
        cat projected.jsonl |
            labelferry score - --gold <(cat projected.jsonl) --task tokens --json &&
        labelferry inspect <(cat projected.jsonl) --first --rows 1
    """
    out, err = bash(folder, script)
    assert "30 pairs" in err and "30 rows in, 30 kept" in err
    assert len(re.findall("^r0$|^r0 ", out, flags=re.MULTILINE)) == 1


def test_errors_call_a_pipe_as_it_was_given(folder: Path) -> None:
    bad = """printf '{"text": "a", "spans": []}\\n{"text": 7}\\n'"""
    project = "labelferry project {} --targets lines.txt --source en --target de --out x.jsonl"
    _, err = bash(folder, project.format(f"<({bad})"), code=2)
    assert re.match(r"labelferry: error: /dev/fd/\d+, line 2:", err)
    train = "labelferry translate-train - --task tokens --source en --target de --no-prefect"
    _, err = bash(folder, f"{bad} | {train}", code=2)
    assert err.startswith("labelferry: error: standard input, line 2:")
    _, err = bash(folder, "labelferry align - - --out x.talp < lines.txt", code=2)
    assert err == "labelferry: error: only one of the inputs can be standard input\n"
