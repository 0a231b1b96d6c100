"""One process at a time writes to a run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from corpora.errors import UserError
from corpora.lock import lock
from corpora.manifest import RunManifest, open_run
from tests.helpers.paths import ROOT


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    script = (
        "from corpora.manifest import RunManifest, open_run\n"
        f"with open_run({str(tmp_path)!r}, RunManifest('x', 'f', {{}})): pass"
    )
    with open_run(tmp_path, RunManifest("x", "f", {})):
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert f"another process (number {os.getpid()}) is writing this run" in done.stderr
    with open_run(tmp_path, RunManifest("x", "f", {})):
        pass


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = (
        "import time\n"
        "from corpora.lock import lock\n"
        f"with lock({str(tmp_path)!r}):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(UserError, match=rf"another process \(number {holder.pid}\) is writing"),
            lock(tmp_path),
        ):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with lock(tmp_path):
            pass
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_the_holder_is_left_out_of_the_message_where_it_is_unknown(tmp_path: Path) -> None:
    with lock(tmp_path):
        (tmp_path / ".lock.pid").unlink()
        with (
            pytest.raises(UserError, match="another process is writing this run"),
            lock(tmp_path),
        ):
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UserError, match="no permission"), lock(tmp_path):
        pass
