"""Batches of features as tensors, and the loss of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from corpora.choices import LabelKind, Task
from trainers.encoding.protocol import IGNORED, Feature


@dataclass(frozen=True, slots=True)
class Collator:
    """Makes a batch of tensors from features, padded by the `tokenizer`, for `task`."""

    tokenizer: Any
    task: Task

    def __call__(self, features: Sequence[Feature]) -> dict[str, Any]:
        """The inputs of `features` by name, of shape (features, pieces), and `labels`, if any."""
        batch = dict(self.tokenizer.pad([f.inputs for f in features], return_tensors="pt"))
        if features[0].labels is None:
            return batch
        if self.task in ("tokens", "text"):
            width = max(len(f.labels) for f in features)
            if self.task == "tokens":
                width = batch["input_ids"].shape[1]
            left = self.task == "tokens" and self.tokenizer.padding_side == "left"
            padded = []
            for feature in features:
                filler = [IGNORED] * (width - len(feature.labels))
                labels = list(feature.labels)
                padded.append(filler + labels if left else labels + filler)
            batch["labels"] = torch.tensor(padded)
        else:
            batch["labels"] = torch.tensor([f.labels for f in features])
        return batch


@dataclass(frozen=True, slots=True)
class Loss:
    """The mean loss of a batch for `task`: cross-entropy, with `weights` of the classes.

    For rows of another `kind` it is that of each class on its own, whose `weights` are those of
    rows that have it, or the squared error of a number.
    """

    task: Task
    weights: Any = None
    kind: LabelKind = "label"

    def __call__(self, model: Any, batch: dict[str, Any]) -> Any:
        """The loss of `model` on a `batch` from a `Collator`, which loses its labels."""
        labels = batch.pop("labels")
        if self.task == "text":
            return model(**batch, labels=labels).loss
        output = model(**batch)
        cross_entropy = torch.nn.functional.cross_entropy
        if self.task == "qa":
            return (
                cross_entropy(output.start_logits.float(), labels[:, 0])
                + cross_entropy(output.end_logits.float(), labels[:, 1])
            ) / 2
        logits = output.logits.float()
        if self.kind == "value":
            return torch.nn.functional.mse_loss(logits, labels)
        if self.kind == "labels":
            return torch.nn.functional.binary_cross_entropy_with_logits(
                logits, labels, pos_weight=self.weights
            )
        return cross_entropy(
            logits.reshape(-1, logits.shape[-1]),
            labels.reshape(-1),
            weight=self.weights,
            ignore_index=IGNORED,
        )
