"""Progress reports of training, and the counts behind them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: mean loss per target piece, target pieces per second, seconds left."""

    step: int
    max_steps: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    validation: dict[str, float] | None = None


class Meter:
    """Loss since the last report, and speed since training began in this process."""

    SECONDS_BETWEEN_REPORTS = 15

    def __init__(self) -> None:
        self._began = self._reported = time.monotonic()
        self._tokens = 0
        self._loss: float | torch.Tensor = 0.0
        self._loss_tokens = 0

    def reset(self) -> None:
        """Start counting towards the next report."""
        self._loss, self._loss_tokens, self._reported = 0.0, 0, time.monotonic()

    def add(self, loss: float | torch.Tensor, tokens: int) -> None:
        """Count a step with the summed `loss` of so many target `tokens`."""
        self._loss += loss
        self._loss_tokens += tokens
        self._tokens += tokens

    def elapsed(self) -> float:
        """Seconds since training began."""
        return time.monotonic() - self._began

    def is_due(self, elapsed: float) -> bool:
        """Whether a report is due when so many seconds have `elapsed`."""
        return self._began + elapsed - self._reported > self.SECONDS_BETWEEN_REPORTS

    def read(self) -> tuple[float, float]:
        """Mean loss per target piece since the last report, and target pieces per second."""
        mean = float(self._loss) / max(1, self._loss_tokens)
        return mean, self._tokens / max(1e-9, self.elapsed())
