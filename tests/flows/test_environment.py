"""The Prefect server that a run starts for itself: it ends with the run, and loses no record."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

SCRIPT = """
import os, sys
from flows.environment import prepared_prefect
with prepared_prefect():
    from prefect import flow, task
    @task
    def double(n):
        return 2 * n
    @flow(name="of-a-run")
    def small():
        return [future.result() for future in [double.submit(n) for n in range(5)]]
    small()
    print(os.environ["PREFECT_API_URL"], flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the records of these runs are; a new one takes Prefect some seconds."""
    return tmp_path_factory.mktemp("prefect") / "not-yet"


@pytest.mark.parametrize("killed", [False, True])
def test_the_server_ends_with_the_run(home: Path, tmp_path: Path, killed: bool) -> None:
    # A user's own package of the same name, where the command is typed, is not ours.
    (tmp_path / "flows").mkdir()
    (tmp_path / "uvicorn.py").write_text("raise SystemExit('not this one')")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home)}
    run = subprocess.Popen(
        [sys.executable, "-P", "-c", SCRIPT],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    url = run.stdout.readline().strip()
    assert url, run.communicate()[1]
    with urllib.request.urlopen(f"{url}/health") as answer:
        assert answer.status == 200
    if killed:
        run.send_signal(signal.SIGKILL)
    _, errors = run.communicate("\n", timeout=60)
    assert errors == ""
    assert run.returncode == (-signal.SIGKILL if killed else 0)
    assert ended(url)
    assert (home / "labelferry-server.log").read_text() == ""
    if not killed:
        with sqlite3.connect(home / "prefect.db") as records:
            states = "SELECT state_type, count(*) FROM {} GROUP BY state_type"
            assert records.execute(states.format("flow_run")).fetchall() == [("COMPLETED", 1)]
            assert records.execute(states.format("task_run")).fetchall() == [("COMPLETED", 5)]


def ended(url: str) -> bool:
    """Whether the server ends within a minute."""
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{url}/health").close()
        except OSError:
            return True
        time.sleep(0.25)
    return False


def test_a_user_error_is_written_in_one_line(home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "in.jsonl"
    rows.write_text('{"text": "Hi", "spans": [{"start": 0, "end": 9, "label": "x"}]}\n')
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "flows.cli.main", "translate-train", rows, "--task", "tokens"),
            *("--source", "en", "--target", "de", "--out", tmp_path / "run", "--memory", "off"),
        ],
        env=environment | {"PREFECT_HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        f"labelferry: error: {rows}, line 1: span 0:9 (x) is outside the text of 2 characters\n"
    )
