"""The loop learns, resumes exactly after kill -9, and never loses a good checkpoint."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from tests.helpers.paths import ROOT

torch = pytest.importorskip("torch")
import safetensors.torch  # noqa: E402

from corpora.errors import UserError  # noqa: E402
from translators.marian_folder import StartingPoint  # noqa: E402
from translators.training.batches import Batch  # noqa: E402
from translators.training.config import OptimizerConfig, TrainingConfig  # noqa: E402
from translators.training.data import TrainingData  # noqa: E402
from translators.training.loop import Trainer, Validator  # noqa: E402
from translators.training.stream import BatchStream  # noqa: E402

CHILD = """
import json, sys
from pathlib import Path
from tests.helpers.reversed_words import split_words
from translators.training.config import TrainingConfig
from translators.training.data import TrainingData
from translators.training.loop import Trainer

def main():
    config, data, out = json.loads(sys.argv[1])
    marks = (("[", "]"),)
    bitext, subwords = map(Path, data)
    data = TrainingData(bitext, subwords, split_words, {"yy": ">>yy<<"}, ">>xx<<", marks)
    Trainer(TrainingConfig.model_validate(config), data, Path(out), device="cpu", threads=1).run()

if __name__ == "__main__":
    main()
"""


def _child(
    folder: Path, config: TrainingConfig, data: TrainingData, out: Path
) -> subprocess.Popen[str]:
    script = folder / "child.py"
    script.write_text(textwrap.dedent(CHILD), encoding="utf-8")
    arguments = json.dumps([config.model_dump(), [str(data.bitext), str(data.subwords)], str(out)])
    return subprocess.Popen(
        [sys.executable, str(script), arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )


def _children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    stats = (p.read_text().rpartition(")")[2].split() for p in Path("/proc").glob("[0-9]*/stat"))
    pairs = zip(Path("/proc").glob("[0-9]*/stat"), stats, strict=True)
    return [int(path.parent.name) for path, fields in pairs if int(fields[1]) == pid]


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def _weights(out: Path) -> dict[str, torch.Tensor]:
    last = sorted((out / "checkpoints").glob("step-*"))[-1]
    return safetensors.torch.load_file(last / "model.safetensors")


def _in_process(
    config: TrainingConfig, data: TrainingData, out: Path, validator: Validator | None = None
) -> Trainer:
    """A trainer that needs no worker process: seconds are saved."""
    trainer = Trainer(config, data, out, device="cpu", threads=1, validator=validator)
    trainer._stream = BatchStream(data, config, workers=0, pad=trainer.special.pad)
    return trainer


def test_kill_and_resume_gives_the_same_weights(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"max_steps": 60})
    _in_process(config, toy_data, tmp_path / "whole").run()
    child = _child(tmp_path, config, toy_data, tmp_path / "killed")
    checkpoints = tmp_path / "killed" / "checkpoints"
    deadline = time.monotonic() + 90
    while not list(checkpoints.glob("step-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    workers = _children(child.pid)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert workers
    while any(map(_runs, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, workers)), "workers outlive their trainer"
    reached = sorted(checkpoints.glob("step-*"))[-1].name
    assert reached < "step-00000060", "it was not killed in time"
    Trainer(config, toy_data, tmp_path / "killed", device="cpu", threads=1).run()
    whole, resumed = _weights(tmp_path / "whole"), _weights(tmp_path / "killed")
    assert whole.keys() == resumed.keys()
    for name in whole:
        assert torch.equal(whole[name], resumed[name]), name


def test_other_configuration_is_refused(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    _in_process(toy_config.model_copy(update={"max_steps": 2}), toy_data, tmp_path).run()
    other = toy_config.model_copy(update={"label_smoothing": 0.2})
    with pytest.raises(UserError, match="another configuration"):
        Trainer(other, toy_data, tmp_path, device="cpu")
    # A longer run of the same configuration goes on.
    Trainer(toy_config.model_copy(update={"max_steps": 3}), toy_data, tmp_path, device="cpu")


def test_full_disk_keeps_the_last_good_checkpoint(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    _in_process(toy_config.model_copy(update={"max_steps": 2}), toy_data, tmp_path).run()
    last = tmp_path / "checkpoints" / "step-00000002"
    before = {p.name: p.read_bytes() for p in last.iterdir()}
    trainer = _in_process(toy_config.model_copy(update={"max_steps": 4}), toy_data, tmp_path)
    # A real refusal by the kernel: no file may grow beyond 20,000 bytes.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, hard))
    try:
        with pytest.raises(UserError, match=r"cannot write a checkpoint.*step-00000002"):
            trainer.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "checkpoints").iterdir()) == [last]
    assert {p.name: p.read_bytes() for p in last.iterdir()} == before


def test_a_damaged_checkpoint_is_named(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"max_steps": 2, "checkpoint_every": 1})
    _in_process(config, toy_data, tmp_path).run()
    last = tmp_path / "checkpoints" / "step-00000002"
    for name in ("state.json", "model.safetensors", "optimizer.safetensors"):
        whole = (last / name).read_bytes()
        (last / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(UserError, match=r"step-00000002: this checkpoint is damaged.*delete"):
            Trainer(config, toy_data, tmp_path, device="cpu")
        (last / name).write_bytes(whole)
    shutil.rmtree(last)
    assert _in_process(config, toy_data, tmp_path).run().progress.step == 2


def test_weights_that_are_no_numbers_are_never_kept(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    optimizer = OptimizerConfig(learning_rate=1e30, muon_learning_rate=1e30, warmup_steps=0)
    config = toy_config.model_copy(update={"optimizer": optimizer, "max_steps": 6})
    with pytest.raises(UserError, match="training diverged before step 6: lower the learning rate"):
        _in_process(config, toy_data, tmp_path).run()
    assert not list(tmp_path.glob("checkpoints/step-*"))


def test_the_last_step_ends_a_run_whatever_the_time(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"max_steps": 2})
    ends = [_in_process(config, toy_data, tmp_path).run(max_seconds=1e-9) for _ in range(2)]
    assert [end.stopped for end in ends] == ["interrupted", "max_steps"]


def test_early_stopping_and_history(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"validate_every": 3, "patience": 2, "max_steps": 60})
    scores = iter([5.0, 9.0, 8.0, 7.0, 6.0])
    trainer = _in_process(config, toy_data, tmp_path, lambda model: {"chrf": next(scores)})
    result = trainer.run()
    assert result.stopped == "early"
    assert result.progress.best_step == 6
    assert [v["chrf"] for v in result.progress.validations] == [5.0, 9.0, 8.0, 7.0]


def test_a_run_cut_off_after_its_early_end_stays_ended(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    config = toy_config.model_copy(update={"validate_every": 3, "patience": 1, "max_steps": 60})
    scores = iter([5.0, 4.0])
    ended = []
    for _ in range(2):
        trainer = _in_process(config, toy_data, tmp_path, lambda model: {"chrf": next(scores)})
        result = trainer.run()
        ended.append((result.stopped, result.progress.step))
    assert ended == [("early", 6), ("early", 6)]


def test_a_run_from_other_weights_is_another_run(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    _in_process(toy_config, toy_data, tmp_path / "a").run()
    weights = tmp_path / "a" / "checkpoints" / "step-00000024" / "model.safetensors"
    start = StartingPoint(weights, toy_data.subwords)
    with pytest.raises(UserError, match="another configuration or other data"):
        Trainer(toy_config, toy_data, tmp_path / "a", device="cpu", start=start)


@pytest.mark.parametrize(
    ("config", "problem"), [({"max_pieces": 2}, "more than max_pieces 2"), ({}, "no sentence pair")]
)
def test_data_without_a_usable_pair(
    tmp_path: Path,
    toy_data: TrainingData,
    toy_config: TrainingConfig,
    config: dict[str, int],
    problem: str,
) -> None:
    data = toy_data
    if not config:
        table = pa.ipc.open_file(pa.memory_map(str(toy_data.bitext))).read_all().slice(0, 0)
        path = tmp_path / "empty.arrow"
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        data = replace(toy_data, bitext=path)
    trainer = _in_process(toy_config.model_copy(update=config), data, tmp_path / "out")
    with pytest.raises(UserError, match=problem):
        trainer.run()


def test_an_interrupt_is_heeded_between_two_steps(
    tmp_path: Path, toy_data: TrainingData, toy_config: TrainingConfig
) -> None:
    _in_process(toy_config, toy_data, tmp_path / "whole").run()
    broken = _in_process(toy_config, toy_data, tmp_path / "broken")
    saved: list[int] = []
    broken._on_saved = saved.append
    step = broken._step

    def pressed(batch: Batch, dtype: torch.dtype) -> tuple[float, int]:
        if broken._progress.step == 9:
            os.kill(os.getpid(), signal.SIGINT)
        return step(batch, dtype)

    broken._step = pressed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        broken.run()
    assert saved == [0, 6, 10]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _in_process(toy_config, toy_data, tmp_path / "broken").run()
    whole, resumed = _weights(tmp_path / "whole"), _weights(tmp_path / "broken")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
