"""The protocol of encoders, the windows that they make, and the limits of their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from corpora.predictions import Prediction
from corpora.records import Row

IGNORED = -100
"""The label of pieces without a label to learn: inner pieces of words, special tokens."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One window of one row: the model's inputs, its expected output, and positions in the row.

    `row` is the number of the row. `places` has an entry for each piece: the number of its word
    (`tokens`), its offsets in the context (`qa`), or None.
    """

    row: int
    inputs: dict[str, list[int]]
    labels: Any = None
    places: tuple[Any, ...] = ()

    @property
    def length(self) -> int:
        """Pieces in the window."""
        return len(self.inputs["input_ids"])


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pieces a window has at most (`length`), and how many two windows in a row share."""

    length: int
    overlap: int = 32

    def options(self, truncation: Any = True) -> dict[str, Any]:
        """The limits as arguments of a tokenizer, which cuts as `truncation` says."""
        return {
            "truncation": truncation,
            "max_length": self.length,
            "stride": min(self.overlap, self.length // 4),
            "return_overflowing_tokens": True,
        }


def windows_of(encoded: Any) -> list[tuple[int, dict[str, list[int]]]]:
    """The row number and the inputs of every window of `encoded`, as a tokenizer returns it."""
    names = [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in encoded]
    return [
        (int(row), {name: encoded[name][i] for name in names})
        for i, row in enumerate(encoded["overflow_to_sample_mapping"])
    ]


class Encoder(Protocol):
    """The conventions of one task."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of the model's outputs, in their order."""
        ...

    @property
    def limits(self) -> Limits:
        """How long a window may be."""
        ...

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """The windows of `rows`, in order; every row has at least one.

        For `training` they have labels. Raises `UserError` for a row that cannot be encoded.
        """
        ...

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """Predictions for `rows` from the model's `outputs` for `features`.

        The outputs are log-probabilities for each window (numbers, where these are predicted), or
        the pieces of generated text.
        """
        ...

    def settings(self) -> dict[str, Any]:
        """What distinguishes the encoder from others of its task, as saved with a predictor."""
        ...
