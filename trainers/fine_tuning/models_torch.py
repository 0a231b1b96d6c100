"""Tokenizers, configurations and weights of `transformers` models, from a folder or the hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import transformers

from corpora.choices import LabelKind, Task
from corpora.errors import UserError
from corpora.weights import check_weights

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
"""Pieces per window for models that name no limit (T5's positions are relative)."""


def load_tokenizer(model: str, task: Task, revision: str | None) -> Any:
    """The tokenizer of `model`, a folder or a hub id (pinned by `revision`), set up for `task`.

    Raises `UserError` where there is no fast one.
    """
    # Byte-level tokenizers take words one by one only where each may follow a space.
    more = {"add_prefix_space": True} if task == "tokens" else {}
    with _reading(model):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            model, revision=revision, trust_remote_code=False, **more
        )
    if not tokenizer.is_fast:
        raise UserError(f"{model} has no fast tokenizer, which gives the offsets of its pieces")
    return tokenizer


PROBLEM_TYPES: dict[LabelKind, str] = {
    "label": "single_label_classification",
    "labels": "multi_label_classification",
    "value": "regression",
}
"""What `transformers` calls the kinds of labels in a model's configuration."""


def kind_of_config(config: Any) -> LabelKind:
    """The kind of label that the classifier with `config` predicts; as in `transformers`, a single
    output without any statement is a number."""
    for kind, name in PROBLEM_TYPES.items():
        if config.problem_type == name:
            return kind
    return "value" if config.num_labels == 1 else "label"


def load_model(
    model: str,
    task: Task,
    revision: str | None,
    labels: tuple[str, ...] = (),
    kind: LabelKind = "label",
) -> Any:
    """The network of `model`, a folder or a hub id (pinned by `revision`), with a head for `task`.

    With `labels` the head is a new one for these, of that `kind`; for numbers it has one output.
    Raises `UserError` where it cannot be read.
    """
    more: dict[str, Any] = {}
    if kind == "value":
        more = {"num_labels": 1, "problem_type": "regression", "ignore_mismatched_sizes": True}
    elif labels:
        more = {
            "num_labels": len(labels),
            "id2label": dict(enumerate(labels)),
            "label2id": {label: i for i, label in enumerate(labels)},
            "ignore_mismatched_sizes": True,  # a new head has another size
        }
        if task in ("classification", "pair"):
            more["problem_type"] = PROBLEM_TYPES[kind]
    check_weights(model, revision)
    with _reading(model), quiet():
        return _MODELS[task].from_pretrained(
            model,
            revision=revision,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            **more,
        )


def read_config(model: str, revision: str | None) -> Any:
    """The configuration of `model`, a folder or a hub id (pinned by `revision`).

    Raises `UserError` where it cannot be read, or the weights are none that may be loaded.
    """
    check_weights(model, revision)
    with _reading(model):
        return transformers.AutoConfig.from_pretrained(
            model, revision=revision, trust_remote_code=False
        )


def check_architecture(model: str, config: Any, task: Task) -> None:
    """Raise `UserError` for a `config` of `model` without a head for `task`.

    A head with random weights would predict at random.
    """
    names = config.architectures or ()
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UserError(f"the model {model!r} has a damaged configuration: architectures {names!r}")
    if not any(name.endswith(_ENDINGS[task]) for name in names):
        raise UserError(
            f"the model {model!r} has no head for the task {task!r}: it is a "
            f"{', '.join(names) or 'model of unknown kind'}; train one first"
        )


def longest_input(tokenizer: Any, model: Any) -> int:
    """How many pieces `model` and its `tokenizer` take, special ones included."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        positions = _UNBOUNDED
    elif model.config.model_type in ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl"):
        positions -= model.config.pad_token_id + 1  # their positions start after the padding's
    return min(positions, int(min(tokenizer.model_max_length, _UNBOUNDED)))


@contextmanager
def _reading(model: str) -> Iterator[None]:
    """Turn what `transformers` raises for a model that cannot be read into a `UserError`."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # a damaged file raises anything
        message = " ".join(str(error).split())[:300]
        raise UserError(f"cannot read the model {model!r}: {message}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of new heads, which are intended, and no progress bars from `transformers`."""
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(level)
