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

from flows.environment import reach_without_proxy
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


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "PREFECT_API_URL",
            "http://127.0.0.1:9/api",
            "no Prefect server can be used at http://127",
        ),
        ("PREFECT_HOME", "{file}/home", "a part of this path is a file"),
    ],
)
def test_what_cannot_work_is_one_line(tmp_path: Path, name: str, value: str, problem: str) -> None:
    (file := tmp_path / "file").touch()
    rows = tmp_path / "in.jsonl"
    rows.write_text('{"text": "Hi", "spans": []}\n')
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"PREFECT_HOME": str(tmp_path / "home"), name: value.format(file=file)}
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tests.helpers.stuck_command", "0", "translate-train", rows),
            *("--task", "tokens", "--source", "en", "--target", "de", "--memory", "off"),
            *("--projector", "attention", "--out", tmp_path / "run"),
        ],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("labelferry: error: ") and ended.stderr.count("\n") == 1
    assert problem in ended.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"HTTP_PROXY": "http://p:1"}, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}),
        (
            {"http_proxy": "http://p:1", "NO_PROXY": "a.org"},
            {"NO_PROXY": "a.org,127.0.0.1", "no_proxy": "a.org,127.0.0.1"},
        ),
        (
            {"all_proxy": "http://p:1", "no_proxy": "127.0.0.1,b"},
            {"NO_PROXY": "127.0.0.1,b", "no_proxy": "127.0.0.1,b"},
        ),
    ],
)
def test_our_server_is_reached_without_a_proxy(
    before: dict[str, str], after: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    reach_without_proxy("127.0.0.1")
    assert {name: os.environ.get(name) for name in after} == after
    for name, value in before.items():
        assert after.get(name, value) == os.environ[name]
