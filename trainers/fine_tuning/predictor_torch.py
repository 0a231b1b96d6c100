"""Fine-tuned models as predictors: predicting, saving and loading."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from corpora.choices import LabelKind, Task
from corpora.errors import UserError
from corpora.predictions import Prediction
from corpora.records import Row
from trainers.encoding import EncoderOptions, make_encoder
from trainers.encoding.classes import ClassEncoder
from trainers.encoding.protocol import Encoder, Feature, Limits
from trainers.encoding.tags import as_iob2
from trainers.encoding.texts import TextEncoder
from trainers.fine_tuning.batches_torch import Collator
from trainers.fine_tuning.loop_torch import choose_device
from trainers.fine_tuning.models_torch import (
    check_architecture,
    kind_of_config,
    load_model,
    load_tokenizer,
    longest_input,
    quiet,
    read_config,
)
from trainers.storage import FACTS_FILE, read_facts, write_facts
from trainers.tagging import WordCutter

KIND = "transformers"
LABEL_FOLDER = "label"


@dataclass(frozen=True, slots=True, eq=False)
class TransformersPredictor:
    """A fine-tuned model with its tokenizer, and with the encoder that it was trained with."""

    model: Any
    tokenizer: Any
    encoder: Encoder
    task: Task
    classifier: TransformersPredictor | None = None
    """For `tokens` whose rows have labels too: the predictor of the labels."""
    beam_size: int = 4
    """For generated text."""
    dev_losses: tuple[float, ...] = ()
    """After every epoch, where there were dev rows."""
    batch_size: int = 64

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, or the labels of spans; empty for text."""
        if self.task != "tokens":
            return () if self._kind == "value" else self.encoder.labels
        tags = (as_iob2(tag) for tag in self.encoder.labels)
        return tuple(sorted({tag[2:] for tag in tags if tag != "O"}))

    @property
    def _kind(self) -> LabelKind:
        return self.encoder.kind if isinstance(self.encoder, ClassEncoder) else "label"

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """One prediction for each of `rows`, in order."""
        if not rows:
            return []
        features = self.encoder.encode(rows, training=False)
        outputs: list[Any] = [None] * len(features)
        collate = Collator(self.tokenizer, self.task)
        self.model.eval()
        with torch.inference_mode():
            for numbers in self._batches(features):
                batch = collate([features[i] for i in numbers])
                batch = {key: value.to(self.model.device) for key, value in batch.items()}
                for i, output in zip(numbers, self._outputs(batch), strict=True):
                    outputs[i] = output
        predictions = self.encoder.decode(rows, features, outputs)
        if self.classifier is None:
            return predictions
        return [
            replace(prediction, label=labelled.label, probabilities=labelled.probabilities)
            for prediction, labelled in zip(predictions, self.classifier.predict(rows), strict=True)
        ]

    def _batches(self, features: Sequence[Feature]) -> Iterator[list[int]]:
        order = sorted(range(len(features)), key=lambda i: -features[i].length)
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]

    def _outputs(self, batch: dict[str, Any]) -> list[Any]:
        """Log-probabilities for each feature without the padding; numbers, or pieces for text."""
        if isinstance(self.encoder, TextEncoder):
            generated = self.model.generate(
                **batch, num_beams=self.beam_size, max_new_tokens=self.encoder.target_length
            )
            return list(generated.cpu().numpy())
        output = self.model(**batch)
        mask = batch["attention_mask"].bool().cpu().numpy()
        if self.task == "qa":
            pairs = zip(_log_softmax(output.start_logits), _log_softmax(output.end_logits),
                        mask, strict=True)  # fmt: skip
            return [(starts[m], ends[m]) for starts, ends, m in pairs]
        if self._kind == "value":
            return list(output.logits.float().cpu().numpy().astype(np.float64))
        if self._kind == "labels":
            logs = torch.nn.functional.logsigmoid(output.logits.float())
            return list(logs.cpu().numpy().astype(np.float64))
        logs = _log_softmax(output.logits)
        if self.task == "tokens":
            return [feature_logs[m] for feature_logs, m in zip(logs, mask, strict=True)]
        return list(logs)

    def save(self, folder: Path) -> None:
        """Write the model to `folder` in the layout of `transformers`, and `predictor.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        with quiet():
            self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        shutil.rmtree(folder / LABEL_FOLDER, ignore_errors=True)
        if self.classifier is not None:
            self.classifier.save(folder / LABEL_FOLDER)
        facts: dict[str, Any] = {
            "task": self.task,
            "labels": self.encoder.labels,
            "max_length": self.encoder.limits.length,
            "beam_size": self.beam_size,
            "own_words": False,
            "may_be_unanswerable": False,
            "target_length": 0,
        }
        write_facts(folder, KIND, facts | self.encoder.settings())


def _log_softmax(logits: Any) -> Any:
    return torch.log_softmax(logits.float(), dim=-1).cpu().numpy().astype(np.float64)


def load_transformers(
    model: str, task: Task, *, device: str = "auto", revision: str | None = None
) -> TransformersPredictor:
    """A predictor for `task` on `device` (`cpu`, `cuda`, `auto`).

    `model` is a folder that a predictor was saved to, another folder in the layout of
    `transformers`, or a hub id, pinned by `revision`.
    Raises `UserError` for a model that cannot be read or was trained for another task.
    """
    folder = Path(model)
    facts: dict[str, Any] = {}
    if (folder / FACTS_FILE).exists():
        facts = read_facts(folder)
        if facts.get("task") != task:
            raise UserError(f"trained for the task {facts.get('task')!r}, not {task!r}", file=model)
    config = read_config(model, revision)
    check_architecture(model, config, task)
    tokenizer = load_tokenizer(model, task, revision)
    network = load_model(model, task, revision).to(choose_device(device)).eval()
    try:
        sizes = {
            name: int(facts.get(name) or usual)
            for name, usual in (("max_length", 512), ("target_length", 128), ("beam_size", 4))
        }
    except (TypeError, ValueError) as error:
        raise UserError(f"damaged: {error}", file=folder / FACTS_FILE) from error
    options = EncoderOptions(
        tuple(str(config.id2label[i]) for i in range(config.num_labels)),
        Limits(min(sizes["max_length"], longest_input(tokenizer, network))),
        WordCutter(bool(facts.get("own_words"))),
        bool(facts.get("may_be_unanswerable", True)),
        sizes["target_length"],
        kind_of_config(config) if task in ("classification", "pair") else "label",
    )
    encoder = make_encoder(task, tokenizer, options)
    classifier = None
    if facts and (folder / LABEL_FOLDER).is_dir():
        classifier = load_transformers(str(folder / LABEL_FOLDER), "classification", device=device)
    return TransformersPredictor(network, tokenizer, encoder, task, classifier, sizes["beam_size"])
