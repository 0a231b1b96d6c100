from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpora import children
from tests.helpers.paths import ROOT

FORKING = "echo $$; sleep 50 & echo $!; wait"
STARTS_A_PROGRAM = f"""
import sys
from corpora import children
process = children.start(["/bin/sh", "-c", "{FORKING}"])
for _ in range(2):
    print(process.stdout.readline().decode(), end="", flush=True)
sys.stdin.read()
"""


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of_ours() -> set[int]:
    """Those of this process, whichever thread started them, also ended ones that nobody waited
    for."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(number) for file in lists for number in file.read_text().split()}


def wait_for_the_end_of(numbers: list[int]) -> None:
    limit = time.monotonic() + 5
    while any(map(is_running, numbers)):
        assert time.monotonic() < limit, "it outlived us"
        time.sleep(0.01)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_and_what_it_started_end_with_us(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTS_A_PROGRAM],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as ours:
        assert ours.stdout is not None
        running = [int(ours.stdout.readline()) for _ in range(2)]
        assert all(map(is_running, running))
        ours.send_signal(number)
        ours.wait(5)
        wait_for_the_end_of(running)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_end_of_a_program_ends_what_it_started() -> None:
    before = children_of_ours()
    process = children.start(["/bin/sh", "-c", FORKING])
    assert process.stdout is not None
    running = [int(process.stdout.readline()) for _ in range(2)]
    assert len(children_of_ours() - before) == 2  # the program and its guard
    children.end(process)
    wait_for_the_end_of(running)
    assert children_of_ours() <= before
