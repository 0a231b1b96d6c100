"""The server that Prefect starts for a run ends with the run, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

SCRIPT = """
import sys, time
from flows.environment import prepared_prefect
prefect = prepared_prefect()
prefect.__enter__()
from prefect.server.api.server import SubprocessASGIServer
server = SubprocessASGIServer()
server.port = server.find_available_port()
print(server._run_uvicorn_command().pid, flush=True)
time.sleep(120)
"""


def test_the_server_ends_with_a_killed_run(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= {"PYTHONPATH": str(ROOT), "PREFECT_HOME": str(tmp_path)}
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    server = int(run.stdout.readline())
    os.kill(server, 0)
    run.send_signal(signal.SIGKILL)
    run.wait()
    try:
        # The server has the run's standard output too: it ends when both are gone.
        assert run.communicate(timeout=30)[0] == ""
    except subprocess.TimeoutExpired:
        os.kill(server, signal.SIGKILL)
        pytest.fail("the server lives on")
