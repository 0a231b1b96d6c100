"""The fitted weights of the candidates' features, one set for each kind of alignment evidence.

They are a few dozen numbers, fitted by `benchmarks/fit_projection.py` on parallel labelled text in
German and Spanish; no feature names a language or a word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignment.projectors.features.names import FEATURES

_FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-linear weights of the features, without and with those of the other rows of a batch.

    `first` and `second` have shape (len(FEATURES),). A probability p means that a span is right
    with probability `interp(p, calibration_from, calibration_to)`.
    """

    first: NDArray[np.float64]
    second: NDArray[np.float64]
    calibration_from: NDArray[np.float64]
    calibration_to: NDArray[np.float64]

    def calibrate(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """How often spans of such `probability` were right on held-out gold."""
        return np.interp(probability, self.calibration_from, self.calibration_to)


@cache
def load_weights(kind: str) -> Weights:
    """The weights for evidence of that `kind`: `statistical`, `links` or `attention`."""
    table = json.loads(_FILE.read_text(encoding="utf-8"))[kind]
    first, second = (
        np.array([table[part].get(name, 0.0) for name in FEATURES]) for part in ("first", "second")
    )
    return Weights(
        first,
        second,
        np.array(table["calibration"]["from"]),
        np.array(table["calibration"]["to"]),
    )


@cache
def _vote_table() -> tuple[list[float], list[float]]:
    table = json.loads(_FILE.read_text(encoding="utf-8"))["vote"]
    return table["from"], table["to"]


def vote_curve(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often a run with such a `share` of the votes, in [0, 1], was right on held-out gold."""
    return np.interp(share, *_vote_table())
