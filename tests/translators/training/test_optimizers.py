"""The schedule of the learning rate."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from translators.training.config import TrainingConfig  # noqa: E402
from translators.training.optimizers import learning_rate_factor  # noqa: E402


def test_schedule(toy_config: TrainingConfig) -> None:
    config = toy_config.model_copy(update={"max_steps": 100})
    rates = [learning_rate_factor(step, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == 1.0
    assert rates[-1] == pytest.approx(0.04)
    assert rates[10:70] == [1.0] * 60
