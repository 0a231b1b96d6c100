"""The trainer that fine-tunes a `transformers` model for a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from corpora.choices import LabelKind, Task
from corpora.errors import UserError
from corpora.labels import classes_of, common_kind, label_kind
from corpora.records import Row
from trainers.encoding import EncoderOptions, make_encoder
from trainers.encoding.protocol import Encoder, Limits
from trainers.fine_tuning.batches_torch import Collator, Loss
from trainers.fine_tuning.loop_torch import (
    FineTuning,
    choose_device,
    class_weights,
    fine_tune,
    fix_seeds,
    positive_weights,
)
from trainers.fine_tuning.models_torch import (
    load_model,
    load_tokenizer,
    longest_input,
    read_config,
)
from trainers.fine_tuning.predictor_torch import KIND, TransformersPredictor
from trainers.tagging import WordCutter


@dataclass(frozen=True, slots=True)
class TransformersTrainer:
    """The `Trainer` that fine-tunes `model`, a local folder or a hub id, for `task`.

    For `tokens` whose rows all have a label too, a second model is trained for it.
    """

    model: str
    task: Task
    tuning: FineTuning = field(default_factory=FineTuning)
    max_length: int = 256
    """Pieces per window; longer texts are cut into windows."""
    target_length: int = 128
    """Pieces of generated text, at most."""
    beam_size: int = 4
    """For generated text."""
    device: str = "auto"
    revision: str | None = None
    """Of a model on the hub."""

    name: ClassVar[str] = KIND
    seeded: ClassVar[bool] = True

    def check(self) -> None:
        """Raise `UserError` for a model that cannot be read, and for a missing device."""
        choose_device(self.device)
        read_config(self.model, self.revision)
        load_tokenizer(self.model, self.task, self.revision)

    def fit(
        self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0
    ) -> TransformersPredictor:
        """Fine-tune on `rows`; `dev` rows choose the epoch, and end training early.

        The new head, the order of the batches and dropout depend on `seed`. Raises `UserError` for
        rows that lack what the task predicts, and for a model that cannot be read.
        """
        _check_rows(rows, self.task)
        device = choose_device(self.device)
        fix_seeds(seed)
        tokenizer = load_tokenizer(self.model, self.task, self.revision)
        labels, kind = _labels(rows, self.task), _kind(rows, self.task)
        model = load_model(self.model, self.task, self.revision, labels, kind).to(device)
        encoder = self._encoder(tokenizer, model, labels, rows)
        features = encoder.encode(rows, training=True)
        usable_dev = [row for row in dev if _is_usable(row, encoder.labels, self.task, kind)]
        dev_features = encoder.encode(usable_dev, training=True) if usable_dev else []
        weights = None
        if self.tuning.class_weights and kind == "value":
            raise UserError("class_weights are for classes, and the rows are labelled with numbers")
        if self.tuning.class_weights and kind == "labels":
            weights = positive_weights(features).to(device)
        elif self.tuning.class_weights and self.task in ("classification", "pair", "tokens"):
            weights = class_weights(features, len(labels)).to(device)
        losses = fine_tune(
            model,
            features,
            dev_features,
            Collator(tokenizer, self.task),
            Loss(self.task, weights, kind),
            self.tuning,
            seed=seed,
            device=device,
        )
        classifier = None
        if self.task == "tokens" and all(row.label is not None for row in rows):
            classifier = replace(self, task="classification").fit(rows, dev, seed=seed)
        return TransformersPredictor(
            model, tokenizer, encoder, self.task, classifier, self.beam_size, tuple(losses)
        )

    def _encoder(
        self, tokenizer: Any, model: Any, labels: tuple[str, ...], rows: Sequence[Row]
    ) -> Encoder:
        options = EncoderOptions(
            labels,
            Limits(min(self.max_length, longest_input(tokenizer, model))),
            WordCutter.for_training(rows),
            any(not row.spans for row in rows),
            self.target_length,
            _kind(rows, self.task),
        )
        return make_encoder(self.task, tokenizer, options)


def _check_rows(rows: Sequence[Row], task: Task) -> None:
    if not rows:
        raise UserError("there are no rows to train on")
    if _kind(rows, task) == "labels" and not _labels(rows, task):
        raise UserError("no row to train on has any of the labels")
    for row in rows:
        if task == "text" and row.target is None:
            raise UserError("a row to train on has no target", row=row.id)
    if task in ("tokens", "qa") and not any(row.spans for row in rows):
        raise UserError("no row to train on has a span")


def _labels(rows: Sequence[Row], task: Task) -> tuple[str, ...]:
    if task in ("classification", "pair"):
        return tuple(sorted({label for row in rows for label in classes_of(row)}))
    if task == "tokens":
        labels = sorted({span.label for row in rows for span in row.spans})
        return ("O", *(f"{prefix}-{label}" for label in labels for prefix in "BI"))
    return ()


def _kind(rows: Sequence[Row], task: Task) -> LabelKind:
    """What kind of label all rows have."""
    if task not in ("classification", "pair"):
        return "label"
    return common_kind(rows, "a row to train on has no label")


def _is_usable(row: Row, labels: tuple[str, ...], task: Task, kind: LabelKind) -> bool:
    """Whether a dev row has only labels that the training rows have."""
    if task in ("classification", "pair"):
        return label_kind(row) == kind and set(classes_of(row)) <= set(labels)
    if task == "tokens":
        return all(f"B-{span.label}" in labels for span in row.spans)
    return task != "text" or row.target is not None
