"""Fine-tuning of any `transformers` encoder or sequence-to-sequence model (the `torch` extra).

Weights are read from safetensors only, and code that comes with a model is never run.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corpora.checks import Task
from corpora.errors import MissingExtraError, UserError
from corpora.predictions import Prediction
from corpora.records import Row
from trainers.encoding import (
    IGNORED,
    AnswerEncoder,
    ClassEncoder,
    Encoder,
    Feature,
    Limits,
    TagEncoder,
    TextEncoder,
    as_iob2,
)
from trainers.storage import FACTS_FILE, read_facts, write_facts
from trainers.tagging import WordCutter

try:
    import torch
    import transformers
    from safetensors import SafetensorError
except ModuleNotFoundError as error:
    raise MissingExtraError("the trainer 'transformers'", "torch") from error

from trainers.fine_tuning_torch import (
    FineTuning,
    choose_device,
    class_weights,
    fine_tune,
    fix_seeds,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LABEL_FOLDER = "label"
_MODELS: dict[Task, Any] = {
    "classification": transformers.AutoModelForSequenceClassification,
    "pair": transformers.AutoModelForSequenceClassification,
    "tokens": transformers.AutoModelForTokenClassification,
    "qa": transformers.AutoModelForQuestionAnswering,
    "text": transformers.AutoModelForSeq2SeqLM,
}
_ENDINGS: dict[Task, tuple[str, ...]] = {
    "classification": ("ForSequenceClassification",),
    "pair": ("ForSequenceClassification",),
    "tokens": ("ForTokenClassification",),
    "qa": ("ForQuestionAnswering",),
    "text": ("ForConditionalGeneration", "MTModel", "EncoderDecoderModel"),
}
_UNBOUNDED = 4096
"""Pieces a window for models that name no limit (T5's positions are relative)."""


@dataclass(frozen=True, slots=True)
class TransformersTrainer:
    """Fine-tunes `model`, a hub id (pinned by `revision`) or a local folder, for `task`.

    For `tokens` whose rows all carry a label too, a second model is trained for that.
    """

    model: str
    task: Task
    tuning: FineTuning = field(default_factory=FineTuning)
    max_length: int = 256
    """Pieces a window; longer texts are cut into windows."""
    target_length: int = 128
    """Pieces of generated text, at most."""
    beam_size: int = 4
    """In generating text."""
    device: str = "auto"
    revision: str | None = None

    name: ClassVar[str] = "transformers"
    seeded: ClassVar[bool] = True

    def check(self) -> None:
        """Raise `UserError` for a model that cannot be read, and for a device that is not there."""
        choose_device(self.device)
        _read_config(self.model, self.revision)
        load_tokenizer(self.model, self.task, self.revision)

    def fit(
        self, rows: Sequence[Row], dev: Sequence[Row] = (), *, seed: int = 0
    ) -> TransformersPredictor:
        """Fine-tune on `rows`; `dev` rows choose the epoch, and end training early.

        Raises `UserError` for rows that lack what the task predicts, and for a model that cannot
        be read.
        """
        _check_rows(rows, self.task)
        device = choose_device(self.device)
        fix_seeds(seed)
        tokenizer = load_tokenizer(self.model, self.task, self.revision)
        labels = _labels(rows, self.task)
        model = _load_model(self.model, self.task, self.revision, labels).to(device)
        encoder = self._encoder(tokenizer, model, labels, rows)
        features = encoder.encode(rows, training=True)
        known = [row for row in dev if _is_known(row, encoder.labels, self.task)]
        dev_features = encoder.encode(known, training=True) if known else []
        weights = None
        if self.tuning.class_weights and self.task in ("classification", "pair", "tokens"):
            weights = class_weights(features, len(labels)).to(device)
        losses = fine_tune(
            model,
            features,
            dev_features,
            _Collator(tokenizer, self.task),
            _Loss(self.task, weights),
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
        limits = Limits(min(self.max_length, longest_input(tokenizer, model)))
        cutter = WordCutter.for_training(rows)
        empty = any(not row.spans for row in rows)
        return make_encoder(self.task, tokenizer, labels, limits, cutter, empty, self.target_length)


def make_encoder(
    task: Task,
    tokenizer: Any,
    labels: tuple[str, ...],
    limits: Limits,
    cutter: WordCutter,
    may_be_unanswerable: bool,
    target_length: int,
) -> Encoder:
    """The encoder of `task`."""
    if task in ("classification", "pair"):
        return ClassEncoder(tokenizer, labels, limits, task == "pair")
    if task == "tokens":
        return TagEncoder(tokenizer, labels, limits, cutter)
    if task == "qa":
        return AnswerEncoder(tokenizer, limits, may_be_unanswerable)
    return TextEncoder(tokenizer, limits, target_length)


def _check_rows(rows: Sequence[Row], task: Task) -> None:
    if not rows:
        raise UserError("there are no rows to train on")
    for row in rows:
        if task in ("classification", "pair") and row.label is None:
            raise UserError("a row to train on has no label", row=row.id)
        if task == "text" and row.target is None:
            raise UserError("a row to train on has no target", row=row.id)
    if task in ("tokens", "qa") and not any(row.spans for row in rows):
        raise UserError("no row to train on has a span")


def _labels(rows: Sequence[Row], task: Task) -> tuple[str, ...]:
    if task in ("classification", "pair"):
        return tuple(sorted({str(row.label) for row in rows}))
    if task == "tokens":
        kinds = sorted({span.label for row in rows for span in row.spans})
        return ("O", *(f"{prefix}-{kind}" for kind in kinds for prefix in "BI"))
    return ()


def _is_known(row: Row, labels: tuple[str, ...], task: Task) -> bool:
    """Whether a dev row has only labels that training knows."""
    if task in ("classification", "pair"):
        return row.label in labels
    if task == "tokens":
        return all(f"B-{span.label}" in labels for span in row.spans)
    return task != "text" or row.target is not None


def load_tokenizer(model: str, task: Task, revision: str | None) -> Any:
    """The tokenizer of `model`; raises `UserError` where there is none of the fast kind."""
    # Byte-level tokenizers take words one by one only where each may follow a space.
    more = {"add_prefix_space": True} if task == "tokens" else {}
    with _reading(model):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            model, revision=revision, trust_remote_code=False, **more
        )
    if not tokenizer.is_fast:
        raise UserError(f"{model} has no fast tokenizer, which knows where its pieces come from")
    return tokenizer


def _load_model(model: str, task: Task, revision: str | None, labels: tuple[str, ...] = ()) -> Any:
    more: dict[str, Any] = {}
    if labels:
        more = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {label: i for i, label in enumerate(labels)},
            "ignore_mismatched_sizes": True,  # another head than the one it came with
        }
    with _reading(model), _quiet():
        return _MODELS[task].from_pretrained(
            model,
            revision=revision,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            **more,
        )


_UNREADABLE = (OSError, ValueError, KeyError, ImportError, TypeError, AttributeError, RuntimeError,
               SafetensorError)  # fmt: skip
"""What `transformers` raises for files that are missing, damaged, or do not fit each other."""


class _reading:  # noqa: N801 (a context manager, used as a function)
    """Turns what `transformers` raises for a model that cannot be read into a `UserError`."""

    def __init__(self, model: str) -> None:
        self._model = model

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, _UNREADABLE):
            said = " ".join(str(error).split())[:300]
            raise UserError(f"cannot read the model {self._model!r}: {said}") from error


class _quiet:  # noqa: N801 (a context manager, used as a function)
    """No word about new heads: that there is one is what was asked for."""

    def __enter__(self) -> None:
        self._level = transformers.logging.get_verbosity()
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        transformers.logging.set_verbosity(self._level)


def longest_input(tokenizer: Any, model: Any) -> int:
    """How many pieces the model takes, special ones and all."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        positions = _UNBOUNDED
    elif model.config.model_type in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        positions -= model.config.pad_token_id + 1  # their positions start after the padding's
    return min(positions, int(min(tokenizer.model_max_length, _UNBOUNDED)))


@dataclass(frozen=True, slots=True)
class _Collator:
    """Features to padded tensors."""

    tokenizer: Any
    task: Task

    def __call__(self, features: Sequence[Feature]) -> dict[str, Any]:
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
                own = list(feature.labels)
                padded.append(filler + own if left else own + filler)
            batch["labels"] = torch.tensor(padded)
        else:
            batch["labels"] = torch.tensor([f.labels for f in features])
        return batch


@dataclass(frozen=True, slots=True)
class _Loss:
    """The mean loss of a batch."""

    task: Task
    weights: Any = None

    def __call__(self, model: Any, batch: dict[str, Any]) -> Any:
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
        return cross_entropy(
            logits.reshape(-1, logits.shape[-1]),
            labels.reshape(-1),
            weight=self.weights,
            ignore_index=IGNORED,
        )


class TransformersPredictor:
    """A fine-tuned model with its tokenizer."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        encoder: Encoder,
        task: Task,
        classifier: TransformersPredictor | None = None,
        beam_size: int = 4,
        dev_losses: tuple[float, ...] = (),
        batch_size: int = 64,
    ) -> None:
        self.model = model
        self.task = task
        self.classifier = classifier
        self.dev_losses = dev_losses
        """After every epoch, where there were dev rows."""
        self._tokenizer = tokenizer
        self._encoder = encoder
        self._beam_size = beam_size
        self._batch_size = batch_size

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, or the kinds of spans; empty for text."""
        if self.task != "tokens":
            return self._encoder.labels
        tags = (as_iob2(tag) for tag in self._encoder.labels)
        return tuple(sorted({tag[2:] for tag in tags if tag != "O"}))

    def predict(self, rows: Sequence[Row]) -> list[Prediction]:
        """One prediction a row, in order."""
        if not rows:
            return []
        features = self._encoder.encode(rows, training=False)
        outputs: list[Any] = [None] * len(features)
        self.model.eval()
        with torch.inference_mode():
            for numbers in self._batches(features):
                batch = _Collator(self._tokenizer, self.task)([features[i] for i in numbers])
                batch = {key: value.to(self.model.device) for key, value in batch.items()}
                for i, output in zip(numbers, self._outputs(batch), strict=True):
                    outputs[i] = output
        out = self._encoder.decode(rows, features, outputs)
        if self.classifier is None:
            return out
        return [
            replace(one, label=said.label, probabilities=said.probabilities)
            for one, said in zip(out, self.classifier.predict(rows), strict=True)
        ]

    def _batches(self, features: Sequence[Feature]) -> Iterator[list[int]]:
        order = sorted(range(len(features)), key=lambda i: -features[i].length)
        for start in range(0, len(order), self._batch_size):
            yield order[start : start + self._batch_size]

    def _outputs(self, batch: dict[str, Any]) -> list[Any]:
        """Log-probabilities a feature without the padding; pieces for text."""
        if isinstance(self._encoder, TextEncoder):
            generated = self.model.generate(
                **batch, num_beams=self._beam_size, max_new_tokens=self._encoder.target_length
            )
            return list(generated.cpu().numpy())
        output = self.model(**batch)
        mask = batch["attention_mask"].bool().cpu().numpy()
        if self.task == "qa":
            pairs = zip(_log_softmax(output.start_logits), _log_softmax(output.end_logits),
                        mask, strict=True)  # fmt: skip
            return [(starts[m], ends[m]) for starts, ends, m in pairs]
        logs = _log_softmax(output.logits)
        if self.task == "tokens":
            return [one[m] for one, m in zip(logs, mask, strict=True)]
        return list(logs)

    def save(self, folder: Path) -> None:
        """Write the model as `transformers` lays it out, and `predictor.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        with _quiet():
            self.model.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)
        shutil.rmtree(folder / LABEL_FOLDER, ignore_errors=True)
        if self.classifier is not None:
            self.classifier.save(folder / LABEL_FOLDER)
        encoder = self._encoder
        limits: Limits = encoder.limits  # type: ignore[attr-defined]
        facts = {
            "task": self.task,
            "labels": encoder.labels,
            "max_length": limits.length,
            "beam_size": self._beam_size,
            "own_words": encoder.cutter.own if isinstance(encoder, TagEncoder) else False,
            "may_be_unanswerable": encoder.may_be_unanswerable
            if isinstance(encoder, AnswerEncoder)
            else False,
            "target_length": encoder.target_length if isinstance(encoder, TextEncoder) else 0,
        }
        write_facts(folder, TransformersTrainer.name, facts)


def _log_softmax(logits: Any) -> Any:
    return torch.log_softmax(logits.float(), dim=-1).cpu().numpy().astype(np.float64)


def load_transformers(
    model: str, task: Task, *, device: str = "auto", revision: str | None = None
) -> TransformersPredictor:
    """A predictor from a folder that one was saved to, from another folder, or from the hub.

    Raises `UserError` for a model that cannot be read or was trained for another task.
    """
    folder = Path(model)
    facts: dict[str, Any] = {}
    if (folder / FACTS_FILE).exists():
        facts = read_facts(folder)
        if facts.get("task") != task:
            raise UserError(f"trained for the task {facts.get('task')!r}, not {task!r}", file=model)
    config = _read_config(model, revision)
    _check_architecture(model, config, task)
    tokenizer = load_tokenizer(model, task, revision)
    network = _load_model(model, task, revision).to(choose_device(device)).eval()
    labels = tuple(str(config.id2label[i]) for i in range(config.num_labels))
    try:
        sizes = {
            name: int(facts.get(name) or usual)
            for name, usual in (("max_length", 512), ("target_length", 128), ("beam_size", 4))
        }
    except (TypeError, ValueError) as error:
        raise UserError(f"damaged: {error}", file=folder / FACTS_FILE) from error
    limits = Limits(min(sizes["max_length"], longest_input(tokenizer, network)))
    encoder = make_encoder(
        task,
        tokenizer,
        labels,
        limits,
        WordCutter(bool(facts.get("own_words"))),
        bool(facts.get("may_be_unanswerable", True)),
        sizes["target_length"],
    )
    classifier = None
    if facts and (folder / LABEL_FOLDER).is_dir():
        classifier = load_transformers(str(folder / LABEL_FOLDER), "classification", device=device)
    return TransformersPredictor(network, tokenizer, encoder, task, classifier, sizes["beam_size"])


def _read_config(model: str, revision: str | None) -> Any:
    with _reading(model):
        return transformers.AutoConfig.from_pretrained(
            model, revision=revision, trust_remote_code=False
        )


def _check_architecture(model: str, config: Any, task: Task) -> None:
    """A head made up on the spot would predict at random."""
    names = tuple(config.architectures or ())
    if not any(name.endswith(_ENDINGS[task]) for name in names):
        raise UserError(
            f"the model {model!r} has no head for the task {task!r}: it is a "
            f"{', '.join(names) or 'model of unknown kind'}; train one first"
        )
