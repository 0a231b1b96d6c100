"""Downstream models: rows in, a predictor out; rows in, predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from corpora.predictions import Prediction
from corpora.records import Row


class Predictor(Protocol):
    """A trained model. Keeps order and length, takes an empty list.

    It sees only what an unlabelled row has: never the label, spans or target.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes or labels of spans that it can predict; empty where that is not known."""
        ...

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """One prediction for each of `rows`, in order."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model to `folder`, which `load_predictor` reads."""
        ...


class Trainer(Protocol):
    """Makes predictors. The same rows in the same order with the same seed make the same one."""

    @property
    def name(self) -> str:
        """What kind of model it trains."""
        ...

    @property
    def seeded(self) -> bool:
        """Whether another seed makes another predictor."""
        ...

    def check(self) -> None:
        """Raise `UserError` for what is wrong before there are any rows."""
        ...

    def fit(self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0) -> Predictor:
        """Train on `rows`, with random numbers by `seed`; `dev`, if any, tells when to stop."""
        ...
