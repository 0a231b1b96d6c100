"""Downstream models: rows in, a predictor out; rows in, predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from corpora.records import Row, Span


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a predictor says of one row (same id, same order as asked)."""

    id: str
    label: str | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """By label; empty where the predictor gives none."""
    spans: tuple[Span, ...] = ()
    """Predicted spans of the row's text, with their probability as `confidence`."""
    target: str | None = None


class Predictor(Protocol):
    labels: tuple[str, ...]

    def predict(self, rows: Sequence[Row]) -> list[Prediction]: ...

    def save(self, folder: Path) -> None: ...


class Trainer(Protocol):
    name: str

    def fit(self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0) -> Predictor: ...
