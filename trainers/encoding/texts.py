"""Generation of texts from texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from trainers.encoding.protocol import Feature, Limits


@dataclass(frozen=True, slots=True)
class TextEncoder:
    """The `Encoder` of text in, text out."""

    tokenizer: Any
    limits: Limits
    target_length: int
    labels: tuple[str, ...] = field(default=())

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode` for `rows` and `training`; a long text is an error."""
        encoded = self.tokenizer([row.text for row in rows])
        targets: list[Any] = [None] * len(rows)
        if training:
            targets = self.tokenizer(text_target=[row.target or "" for row in rows])["input_ids"]
        features = []
        for number, row in enumerate(rows):
            inputs = {name: encoded[name][number] for name in ("input_ids", "attention_mask")}
            self._check(row, "text", len(inputs["input_ids"]), self.limits.length)
            if training:
                self._check(row, "target", len(targets[number]), self.target_length)
            features.append(Feature(number, inputs, targets[number]))
        return features

    def _check(self, row: Row, name: str, length: int, limit: int) -> None:
        if length > limit:
            raise UserError(f"the {name} has {length} pieces, the model takes {limit}", row=row.id)

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The texts of the generated pieces, which are the `outputs`, one for each of `rows`.

        There is one of `features` per row, too.
        """
        texts = self.tokenizer.batch_decode(
            [np.asarray(pieces).tolist() for pieces in outputs], skip_special_tokens=True
        )
        return [
            Prediction(row.id, target=text.strip()) for row, text in zip(rows, texts, strict=True)
        ]

    def settings(self) -> dict[str, Any]:
        """Pieces of generated text, at most."""
        return {"target_length": self.target_length}
