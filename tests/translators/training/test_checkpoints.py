"""Which checkpoints are averaged and kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from translators.training.checkpoints import Checkpoints, Progress  # noqa: E402


def _means(folder: Path, steps: Iterable[int]) -> list[float]:
    """The average of the last two after each save; a checkpoint weighs what its step is."""
    checkpoints = Checkpoints(folder, "made from", keep=2, every=10)
    means = []
    for step in steps:
        checkpoints.save(Progress(step=step), {"w": torch.tensor([float(step)])}, {})
        means.append(float(checkpoints.average(2)["w"]))
    return means


def test_where_a_run_was_cut_off_does_not_count_in_the_average(tmp_path: Path) -> None:
    assert _means(tmp_path, (10, 20, 25, 30)) == [10.0, 15.0, 22.5, 25.0]


def test_how_often_a_run_was_cut_off_does_not_count(tmp_path: Path) -> None:
    assert _means(tmp_path, range(1, 31))[-1] == 25.0
    assert len(list(tmp_path.iterdir())) == 7
