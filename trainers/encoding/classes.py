"""Classification of texts and of pairs of texts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from corpora.choices import LabelKind
from corpora.predictions import Prediction, prediction_of_labels
from corpora.records import Row
from trainers.encoding.protocol import Feature, Limits, windows_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClassEncoder:
    """The `Encoder` of a text or of a pair of texts, and its class, classes or number (`kind`)."""

    tokenizer: Any
    labels: tuple[str, ...]
    limits: Limits
    pair: bool = False
    kind: LabelKind = "label"

    def encode(self, rows: Sequence[Row], *, training: bool) -> list[Feature]:
        """See `Encoder.encode` for `rows` and `training`; long pairs are cut, with a warning."""
        texts = [row.text for row in rows]
        if self.pair:
            # Fast tokenizers cannot make windows of two texts at once.
            encoded = self.tokenizer(
                texts,
                [row.text_pair or "" for row in rows],
                truncation="longest_first",
                max_length=self.limits.length,
                return_overflowing_tokens=False,
            )
            encoded["overflow_to_sample_mapping"] = range(len(rows))
            self._warn_of_cuts(rows, encoded["input_ids"])
        else:
            encoded = self.tokenizer(texts, **self.limits.options())
        return [
            Feature(row, inputs, self._expected(rows[row]) if training else None)
            for row, inputs in windows_of(encoded)
        ]

    def _expected(self, row: Row) -> int | list[float]:
        """The number of the row's class, a 1 for each class that it has, or its number."""
        if self.kind == "value":
            return [row.value or 0.0]
        if self.kind == "labels":
            return [float(label in (row.labels or ())) for label in self.labels]
        return self.labels.index(str(row.label))

    def _warn_of_cuts(self, rows: Sequence[Row], encoded: Sequence[Sequence[int]]) -> None:
        full = [i for i, pieces in enumerate(encoded) if len(pieces) >= self.limits.length]
        if not full:
            return
        whole = self.tokenizer(
            [rows[i].text for i in full], [rows[i].text_pair or "" for i in full]
        )
        cut = [
            rows[i].id
            for i, pieces in zip(full, whole["input_ids"], strict=True)
            if len(pieces) > self.limits.length
        ]
        if cut:
            _log.warning(
                "%d of %d pairs are longer than the %d pieces that the model takes, and were cut "
                "at their ends (the first is %r)",
                len(cut),
                len(rows),
                self.limits.length,
                cut[0],
            )

    def decode(
        self, rows: Sequence[Row], features: Sequence[Feature], outputs: Sequence[Any]
    ) -> list[Prediction]:
        """The most probable class of each of `rows`, its classes or its number, averaged over its
        windows.

        For `features` and `outputs` see `Encoder.decode`.
        """
        sums = np.zeros((len(rows), 1 if self.kind == "value" else len(self.labels)))
        counts = np.zeros((len(rows), 1))
        for feature, output in zip(features, outputs, strict=True):
            sums[feature.row] += output if self.kind == "value" else np.exp(output)
            counts[feature.row] += 1
        if self.kind == "value":
            means = (sums / counts)[:, 0].tolist()
            return [Prediction(r.id, value=mean) for r, mean in zip(rows, means, strict=True)]
        if self.kind == "labels":
            return [
                prediction_of_labels(row.id, self.labels, mean)
                for row, mean in zip(rows, sums / counts, strict=True)
            ]
        return [
            Prediction(
                row.id,
                self.labels[int(mean.argmax())],
                dict(zip(self.labels, mean.tolist(), strict=True)),
            )
            for row, mean in zip(rows, sums / counts, strict=True)
        ]

    def settings(self) -> dict[str, Any]:
        """Nothing: labels and limits are enough."""
        return {}
