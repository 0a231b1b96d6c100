"""kill -9 at any moment, then the same command again: the same export, and nothing done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.paths import ROOT
from tests.helpers.translate_train_runs import file_hashes, sidecar_times

SHARD_ROWS, ROWS = 15, 150


def command(model: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "flows.cli.main", "translate-train",
        str(ROOT / "data" / "samples" / "intents.en.jsonl"), "--task", "tokens", "--source", "en",
        "--target", "de", "--model", str(model), "--out", str(out), "--beam-size", "1",
        "--limit", str(ROWS), "--shard-rows", str(SHARD_ROWS), "--no-prefect",
        "--memory", str(out.parent / f"{out.name}-memory"),
    ]  # fmt: skip


def test_kill_9_anywhere(tmp_path: Path, model_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(
        command(model_path, whole), check=True, env=environment, stdout=subprocess.DEVNULL
    )
    shards = len(sidecar_times(whole))
    assert shards == 5 * ROWS // SHARD_ROWS
    rng = random.Random(7)
    for moment in sorted(rng.sample(range(1, shards), 4)):
        before = sidecar_times(broken)
        child = subprocess.Popen(
            command(model_path, broken),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        limit = time.monotonic() + 60
        while len(sidecar_times(broken)) < moment and time.monotonic() < limit:
            assert child.poll() is None, "it ended by itself"
            time.sleep(0.002)
        time.sleep(rng.random() * 0.02)
        assert child.poll() is None, "it ended by itself"
        assert len(sidecar_times(broken)) >= moment
        child.send_signal(signal.SIGKILL)
        child.wait()
        after = sidecar_times(broken)
        assert {name: after[name] for name in before} == before, "a shard was done again"
    before = sidecar_times(broken)
    subprocess.run(
        command(model_path, broken), check=True, env=environment, stdout=subprocess.DEVNULL
    )
    after = sidecar_times(broken)
    assert {name: after[name] for name in before} == before, "a shard was done again"
    assert file_hashes(broken / "export") == file_hashes(whole / "export")
