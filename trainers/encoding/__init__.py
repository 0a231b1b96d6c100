"""Encoders, one per task: rows to the inputs of a `transformers` model, its outputs to predictions.

A text longer than the model takes is cut into windows that overlap; in training each is an example,
in prediction their answers are combined. Nothing is left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corpora.choices import LabelKind, Task
from trainers.encoding.answers import AnswerEncoder
from trainers.encoding.classes import ClassEncoder
from trainers.encoding.protocol import Encoder, Limits
from trainers.encoding.tags import TagEncoder
from trainers.encoding.texts import TextEncoder
from trainers.tagging import WordCutter


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """What the encoders of the tasks are made from; each takes what it needs."""

    labels: tuple[str, ...]
    """The classes or tags, in the order of the model's outputs."""
    limits: Limits
    cutter: WordCutter
    may_be_unanswerable: bool
    target_length: int
    """Pieces of generated text, at most."""
    kind: LabelKind = "label"
    """What classifiers predict: a class, several classes, or a number."""


def make_encoder(task: Task, tokenizer: Any, options: EncoderOptions) -> Encoder:
    """The encoder of `task` for a model with `tokenizer`, made with `options`."""
    if task in ("classification", "pair"):
        return ClassEncoder(tokenizer, options.labels, options.limits, task == "pair", options.kind)
    if task == "tokens":
        return TagEncoder(tokenizer, options.labels, options.limits, options.cutter)
    if task == "qa":
        return AnswerEncoder(tokenizer, options.limits, options.may_be_unanswerable)
    return TextEncoder(tokenizer, options.limits, options.target_length)
