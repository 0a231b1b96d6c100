"""The training loop: steps, validation, checkpoints, exact resume, averaging."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import nn
from transformers import MarianMTModel

from corpora.errors import UserError
from translators.marian_folder import StartingPoint
from translators.training.batches import Batch, BatchStream, TrainingData
from translators.training.checkpoints import (
    Checkpoints,
    Progress,
    optimizer_tensors,
    restore_optimizers,
)
from translators.training.config import LENGTH_OF_A_RUN, TrainingConfig
from translators.training.model import (
    Dropout,
    Forward,
    SpecialIds,
    build_model,
    smoothed_cross_entropy,
    zero_pad_gradient,
)
from translators.training.start import starting_weights

Validator = Callable[[MarianMTModel], dict[str, float]]
"""Measures a model on the dev set; must give at least `chrf`."""


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: mean loss a target piece, target pieces a second, seconds left."""

    step: int
    max_steps: int
    loss: float
    tokens_per_second: float
    seconds_left: float
    validation: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The final model (averaged weights) and how training went."""

    model: MarianMTModel
    progress: Progress
    stopped: str
    """`max_steps`, `early` (no better dev chrF for `patience` validations), or `interrupted`."""


def autocast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it natively, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def learning_rate_factor(step: int, config: TrainingConfig) -> float:
    """Linear warm-up, a plateau, then a linear fall to zero over the last `decay_share`."""
    optimizer = config.optimizer
    warm = min(1.0, (step + 1) / max(1, optimizer.warmup_steps))
    decay = max(1.0, optimizer.decay_share * config.max_steps)
    return warm * min(1.0, max(0.0, (config.max_steps - step) / decay))


def make_optimizers(
    model: MarianMTModel, config: TrainingConfig
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings, norms and biases."""
    options = config.optimizer
    matrices: list[torch.nn.Parameter] = []
    rest: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        is_matrix = parameter.dim() == 2 and ".layers." in name
        (matrices if is_matrix and options.name == "muon" else rest).append(parameter)
    optimizers: dict[str, torch.optim.Optimizer] = {
        "adamw": torch.optim.AdamW(
            rest,
            lr=options.learning_rate,
            betas=(0.9, 0.98),
            eps=1e-9,
            weight_decay=options.weight_decay,
        )
    }
    if matrices:
        optimizers["muon"] = torch.optim.Muon(
            matrices,
            lr=options.muon_learning_rate,
            weight_decay=options.weight_decay,
            momentum=0.95,
        )
    return optimizers


def batch_loss(
    model: MarianMTModel, batch: Batch, config: TrainingConfig, dropout: Dropout, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """(loss to minimise, summed cross-entropy, number of target pieces).

    Guided alignment (Chen et al., 2016): the cross-entropy between the word links of each target
    piece and the attention of the first head of the last decoder layer is added; that of the step
    after it with a shift of 1. The end of the sentence has no links, so there always is one.
    """
    forward = Forward(model, dtype, dropout)
    mask = forward.source_mask(batch.source_lengths, batch.source.shape[1])
    states = forward.encode(batch.source, mask)
    decoded, log_attention = forward.decode(batch.decoder_input, states, mask)
    count = int(batch.target_mask.sum())
    cross_entropy = smoothed_cross_entropy(
        decoded[batch.target_mask],
        forward.embedding,
        batch.target[batch.target_mask],
        config.label_smoothing,
        model.config.pad_token_id,
    )
    loss = cross_entropy / count
    if config.guided_alignment_weight and len(batch.link_rows):
        steps = batch.link_targets + config.guided_alignment_shift
        at_links = log_attention[batch.link_rows, steps, batch.link_sources]
        guided = -(at_links * batch.link_weights).sum() / batch.link_weights.sum()
        loss = loss + config.guided_alignment_weight * guided
    return loss, cross_entropy.detach(), count


def run_fingerprint(config: TrainingConfig, data: TrainingData, start: StartingPoint | None) -> str:
    """What a checkpoint belongs to: the configuration (save how long it is to run), the bytes it
    was trained on, and those of the weights that it began with."""
    digest = hashlib.blake2b(digest_size=16)
    decisive = config.model_dump(exclude=set(LENGTH_OF_A_RUN))
    digest.update(json.dumps(decisive, sort_keys=True).encode())
    for path in (data.bitext, data.subwords, *([start.weights] if start else ())):
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    tags = sorted(data.forward_tags.items())
    digest.update(repr((tags, data.backward_tag, data.markers)).encode())
    return digest.hexdigest()


class Trainer:
    """One training run in the folder `out`; `run` goes on where the last checkpoint stands."""

    def __init__(
        self,
        config: TrainingConfig,
        data: TrainingData,
        out: Path,
        *,
        validator: Validator | None = None,
        on_report: Callable[[Report], None] | None = None,
        device: str = "auto",
        threads: int | None = None,
        start: StartingPoint | None = None,
    ) -> None:
        """`device`, `threads` and the callbacks do not change what is learnt.

        `start` is a model to go on from, with these or other subwords and as many layers or fewer.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = torch.device(device)
        if threads:
            torch.set_num_threads(threads)
        self._config = config
        self._validator = validator
        self._on_report = on_report or (lambda report: None)
        subwords = sentencepiece.SentencePieceProcessor(model_file=str(data.subwords))
        self.special = SpecialIds(
            pad=subwords.get_piece_size(), eos=subwords.eos_id(), unk=subwords.unk_id()
        )
        workers = 1 if self._device.type == "cpu" else max(1, (os.cpu_count() or 2) - 2)
        self._stream = BatchStream(data, config, workers, self.special.pad)
        self._checkpoints = Checkpoints(
            out / "checkpoints",
            run_fingerprint(config, data, start),
            config.average_checkpoints,
            config.checkpoint_every,
        )
        self._model = build_model(
            config.shape, subwords.get_piece_size() + 1, self.special, config.seed
        )
        self._progress = Progress()
        found = self._checkpoints.load()
        if found is not None:
            self._progress, weights, _ = found
            self._load(weights)
        elif start is not None:
            self._load(starting_weights(start, subwords, config.shape))
        self._model.to(self._device)
        self._optimizers = make_optimizers(self._model, config)
        self._names = {id(p): name for name, p in self._model.named_parameters()}
        if found is not None:
            restore_optimizers(self._optimizers, self._names, found[2])

    def _load(self, weights: dict[str, torch.Tensor]) -> None:
        try:
            missing, unexpected = self._model.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise UserError(f"the weights are of another shape: {error}") from error
        # The tied output projection and the sinusoidal tables are not saved.
        unknown = [
            n
            for n in missing
            if "embed_positions" not in n
            and "embed_tokens" not in n
            and n not in ("lm_head.weight", "final_logits_bias")
        ]
        if unknown or unexpected:
            raise UserError(f"the weights do not fit the model: {unknown or unexpected}")

    def _weights(self) -> dict[str, torch.Tensor]:
        return {
            name: p.detach().cpu().contiguous().clone()
            for name, p in self._model.named_parameters()
            if "embed_positions" not in name
        }

    def run(self, *, max_seconds: float | None = None) -> TrainingResult:
        """Train to `max_steps`, to early stopping, or for `max_seconds` (then a checkpoint is
        written and the run can go on later). Raises `UserError` when there is nothing to train
        on, training diverges, or a checkpoint cannot be written."""
        config, progress = self._config, self._progress
        dtype = autocast_dtype(self._device)
        began, tokens, loss_sum, loss_tokens = time.monotonic(), 0, 0.0, 0
        # Cut off after its last checkpoint, a run may have come to its end before.
        stopped = "early" if self._no_better() else "max_steps"
        before = progress.seconds
        stream = self._stream.batches(progress.pool, progress.batch)
        last_report = began
        while self._steps_are_left() and stopped != "early":
            pool, index, batch = next(stream)
            loss, count = self._step(batch.to(self._device), dtype)
            loss_sum += loss
            loss_tokens += count
            tokens += count
            progress.step += 1
            progress.pool, progress.batch = pool, index + 1
            progress.target_tokens += count
            now = time.monotonic()
            progress.seconds = before + now - began
            validation = None
            if progress.step % config.validate_every == 0 and self._validator is not None:
                validation = self._validate()
            if validation is not None or now - last_report > 15 or progress.step == 1:
                mean = float(loss_sum) / max(1, loss_tokens)
                progress.losses.append((progress.step, round(mean, 4)))
                rate = tokens / max(1e-9, time.monotonic() - began)
                done = progress.target_tokens / progress.step
                left = (config.max_steps - progress.step) * done / max(1e-9, rate)
                self._on_report(
                    Report(progress.step, config.max_steps, mean, rate, left, validation)
                )
                loss_sum, loss_tokens, last_report = 0.0, 0, time.monotonic()
            if progress.step % config.checkpoint_every == 0:
                self._save()
            if validation is not None and self._no_better():
                stopped = "early"
            elif max_seconds is not None and now - began > max_seconds and self._steps_are_left():
                stopped = "interrupted"
                break
        stream.close()
        self._save()
        if stopped != "interrupted" and config.average_checkpoints > 1:
            self._load(self._checkpoints.average(config.average_checkpoints))
        return TrainingResult(self._model, progress, stopped)

    def _steps_are_left(self) -> bool:
        return self._progress.step < self._config.max_steps

    def _diverged(self) -> UserError:
        return UserError(
            f"training diverged before step {self._progress.step}: lower the learning rate"
        )

    def _check_weights(self) -> None:
        """Raise `UserError` before weights that are no numbers are measured or kept."""
        if not all(bool(p.isfinite().all()) for p in self._model.parameters()):
            raise self._diverged()

    def _step(self, batch: Batch, dtype: torch.dtype) -> tuple[float, int]:
        config, step = self._config, self._progress.step
        factor = learning_rate_factor(step, config)
        rates = {
            "adamw": config.optimizer.learning_rate,
            "muon": config.optimizer.muon_learning_rate,
        }
        dropout = Dropout(config.shape.dropout, config.seed, step, self._device)
        loss, cross_entropy, count = batch_loss(self._model, batch, config, dropout, dtype)
        loss.backward()
        zero_pad_gradient(self._model)
        nn.utils.clip_grad_norm_(self._model.parameters(), config.optimizer.clip_norm)
        for name, optimizer in self._optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = rates[name] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        value = float(cross_entropy) if self._device.type == "cpu" else cross_entropy
        if step % 100 == 0 and not math.isfinite(float(cross_entropy)):
            raise self._diverged()
        return value, count

    def _validate(self) -> dict[str, float]:
        if self._validator is None:
            raise RuntimeError("no validator")
        progress = self._progress
        self._check_weights()
        self._model.eval()
        scores = self._validator(self._model)
        self._model.train()
        entry = {"step": progress.step, "seconds": round(progress.seconds, 1), **scores}
        progress.validations.append(entry)
        if scores["chrf"] > progress.best_chrf:
            progress.best_chrf, progress.best_step = scores["chrf"], progress.step
        return entry

    def _no_better(self) -> bool:
        since = [v for v in self._progress.validations if v["step"] > self._progress.best_step]
        return bool(self._config.patience) and len(since) >= self._config.patience

    def _save(self) -> None:
        self._check_weights()
        self._checkpoints.save(
            self._progress, self._weights(), optimizer_tensors(self._optimizers, self._names)
        )
