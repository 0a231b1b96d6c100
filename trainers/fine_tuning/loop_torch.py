"""The training loop for `transformers` models."""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from tqdm import tqdm

from corpora.errors import UserError
from trainers.encoding.protocol import IGNORED, Feature

Precision = Literal["auto", "float32", "bfloat16", "float16"]
_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How to fine-tune. `frozen_layers` counts from below; the embeddings are frozen too."""

    epochs: int = 3
    batch_size: int = 32
    learning_rate: float = 5e-5
    warmup: float = 0.1
    """Share of the updates over which the learning rate rises; then it falls to zero."""
    weight_decay: float = 0.01
    max_norm: float = 1.0
    frozen_layers: int = 0
    patience: int = 0
    """Epochs without a better loss on the dev rows until training ends; 0 goes to the end."""
    class_weights: bool = False
    """Whether a class weighs more the rarer it is."""
    precision: Precision = "auto"
    """Of the matrix products; `auto` is bfloat16 on GPUs that have it, else float32."""
    progress: bool = True
    """Whether a terminal shows a bar."""


def choose_device(device: str) -> str:
    """`cpu` or `cuda`, by `device` or, for `auto`, by what is there; raises `UserError`."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise UserError(f"no device {device!r}", choices=("auto", "cpu", "cuda"))
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("there is no GPU here that PyTorch can use")
    return device


def fix_seeds(seed: int) -> None:
    """Seed with `seed` every random generator that training draws from."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def fine_tune(
    model: Any,
    features: Sequence[Feature],
    dev: Sequence[Feature],
    collate: Callable[[Sequence[Feature]], dict[str, Any]],
    loss_of: Callable[[Any, dict[str, Any]], Any],
    tuning: FineTuning,
    *,
    seed: int,
    device: str,
) -> list[float]:
    """Train `model` on `features` in place, with AdamW (Loshchilov and Hutter, 2019).

    Returns the loss on the features `dev` after every epoch, empty without any; with `dev` the
    weights of the best epoch are kept. `collate` makes a batch of features, on the CPU, and
    `loss_of` the loss of a model on a batch. `tuning` says how to train, `seed` fixes the order of
    the batches, and `device` is where the model is. Raises `UserError` where the weights are no
    longer finite.
    """
    freeze(model, tuning.frozen_layers)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        weights, lr=tuning.learning_rate, weight_decay=tuning.weight_decay
    )
    steps = tuning.epochs * math.ceil(len(features) / tuning.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _ramp(steps, tuning.warmup))
    cast, scaler = _precision(tuning.precision, device)
    order = random.Random(seed)
    losses: list[float] = []
    best: Any = None
    bar = tqdm(total=steps, desc="training", disable=not (tuning.progress and sys.stderr.isatty()))
    for _ in range(tuning.epochs):
        model.train()
        for batch in _batches(features, tuning.batch_size, order):
            with cast():
                loss = loss_of(model, _to(collate(batch), device))
            scaler.scale(loss).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(weights, tuning.max_norm)
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            bar.update()
        if not dev:
            continue
        losses.append(dev_loss(model, dev, collate, loss_of, tuning, device))
        if losses[-1] == min(losses):
            best = copy.deepcopy({k: v.cpu() for k, v in model.state_dict().items()})
        if tuning.patience and len(losses) - 1 - losses.index(min(losses)) >= tuning.patience:
            break
    bar.close()
    if best is not None:
        model.load_state_dict(best)
    if not all(bool(p.isfinite().all()) for p in weights):
        raise UserError("training diverged: lower the learning rate")
    return losses


def dev_loss(
    model: Any,
    features: Sequence[Feature],
    collate: Callable[[Sequence[Feature]], dict[str, Any]],
    loss_of: Callable[[Any, dict[str, Any]], Any],
    tuning: FineTuning,
    device: str,
) -> float:
    """The mean loss of `model` over `features`; the other arguments are as in `fine_tune`.

    Those are `collate`, `loss_of`, `tuning` and `device`.
    """
    model.eval()
    cast, _ = _precision(tuning.precision, device)
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(features), tuning.batch_size):
            batch = features[start : start + tuning.batch_size]
            with cast():
                total += float(loss_of(model, _to(collate(batch), device))) * len(batch)
    return total / len(features)


def freeze(model: Any, layers: int) -> None:
    """Keep the embeddings and the lowest `layers` layers of `model` from being trained.

    Raises `UserError` where the model has fewer layers, or they cannot be found.
    """
    if not layers:
        return
    base = model.base_model
    stack = _layers(base)
    if stack is None or layers > len(stack):
        count = 0 if stack is None else len(stack)
        raise UserError(f"{layers} layers are to be frozen, but the model has {count}")
    frozen = [
        module for name, module in base.named_children() if "embed" in name or name == "shared"
    ]
    for module in [*frozen, *stack[:layers]]:
        for weight in module.parameters():
            weight.requires_grad = False


def _layers(base: Any) -> Any:
    """The layers of the encoder, by their name in the architecture."""
    for parent in (getattr(base, "encoder", None), getattr(base, "transformer", None), base):
        for name in ("layer", "layers", "block", "h"):
            layers = getattr(parent, name, None)
            if isinstance(layers, torch.nn.ModuleList):
                return layers
    return None


def _ramp(steps: int, warmup: float) -> Callable[[int], float]:
    rise = max(1, int(steps * warmup))

    def factor(step: int) -> float:
        if step < rise:
            return (step + 1) / rise
        return max(0.0, (steps - step) / max(1, steps - rise))

    return factor


def _precision(
    precision: Precision, device: str
) -> tuple[Callable[[], AbstractContextManager[Any]], Any]:
    name: str = precision
    if precision == "auto":
        name = "bfloat16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float32"
    scaler = torch.amp.GradScaler(device, enabled=name == "float16" and device == "cuda")
    if name == "float32":
        return nullcontext, scaler
    if name not in _TYPES:
        raise UserError(f"no precision {name!r}", choices=("auto", "float32", *_TYPES))
    return (lambda: torch.autocast(device, _TYPES[name])), scaler


def _batches(
    features: Sequence[Feature], size: int, order: random.Random
) -> Iterator[list[Feature]]:
    """Batches in random order, of features of similar length, so that little is padding."""
    shuffled = list(features)
    order.shuffle(shuffled)
    batches = []
    for start in range(0, len(shuffled), size * 50):
        near = sorted(shuffled[start : start + size * 50], key=lambda f: f.length)
        batches += [near[i : i + size] for i in range(0, len(near), size)]
    order.shuffle(batches)
    yield from batches


def _to(batch: dict[str, Any], device: str) -> dict[str, Any]:
    return {key: value.to(device) for key, value in batch.items()}


def positive_weights(features: Sequence[Feature]) -> Any:
    """For each class of `features` that may have several, how many have it not for each that has
    it: what makes up for rare classes."""
    expected = np.array([feature.labels for feature in features])
    having = expected.sum(axis=0)
    weights = np.where(having > 0, (len(expected) - having) / np.maximum(having, 1), 1.0)
    return torch.tensor(np.maximum(weights, 1.0), dtype=torch.float32)


def class_weights(features: Sequence[Feature], size: int) -> Any:
    """Weights of `size` classes that give each the same share of the loss on `features`.

    They are 1 on average over the examples.
    """
    counts = np.zeros(size)
    for feature in features:
        for label in np.atleast_1d(feature.labels):
            if label != IGNORED:
                counts[label] += 1
    seen = counts > 0
    weights = np.ones(size)
    weights[seen] = counts.sum() / (seen.sum() * counts[seen])
    return torch.tensor(weights, dtype=torch.float32)
