"""The training loop: steps, validation, checkpoints, exact resume, averaging."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from torch import nn
from transformers import MarianMTModel

from corpora.errors import UserError
from translators.marian_folder import StartingPoint
from translators.training.batches import Batch
from translators.training.checkpoints import (
    Checkpoints,
    Progress,
    optimizer_tensors,
    restore_optimizers,
)
from translators.training.config import TrainingConfig
from translators.training.data import TrainingData
from translators.training.fingerprint import run_fingerprint
from translators.training.forward import Dropout, autocast_dtype
from translators.training.interruption import Interruption, deferred
from translators.training.loss import batch_loss
from translators.training.model import SpecialIds, build_model, zero_pad_gradient
from translators.training.optimizers import learning_rate_factor, make_optimizers
from translators.training.reports import Meter, Report
from translators.training.start import starting_weights
from translators.training.stream import BatchStream

Validator = Callable[[MarianMTModel], dict[str, float]]
"""Measures a model on the dev set; must give at least `chrf`."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The final model (averaged weights) and how training went."""

    model: MarianMTModel
    progress: Progress
    stopped: str
    """`max_steps`, `early` (no better dev chrF for `patience` validations), or `interrupted`."""


class Trainer:
    """One training run in the folder `out`; `run` continues from the last checkpoint."""

    def __init__(
        self,
        config: TrainingConfig,
        data: TrainingData,
        out: Path,
        *,
        validator: Validator | None = None,
        on_report: Callable[[Report], None] | None = None,
        on_saved: Callable[[int], None] | None = None,
        device: str = "auto",
        threads: int | None = None,
        start: StartingPoint | None = None,
    ) -> None:
        """Prepare to train on `data` as `config` says, or to continue.

        `validator` measures the model on the dev set, `on_report` gets every `Report`, and
        `on_saved` the step of every checkpoint (0 where there is none yet). These, `device` ("auto"
        takes a GPU where there is one) and `threads` do not change what is learnt. `start` is a
        model to continue from, with these or other subwords and as many layers
        or fewer. Raises `UserError` for a checkpoint of another run and weights that do not fit.
        """
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._device = torch.device(device)
        if threads:
            torch.set_num_threads(threads)
        self._config = config
        self._validator = validator
        self._on_report = on_report or (lambda report: None)
        self._on_saved = on_saved or (lambda step: None)
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
        checkpoint = self._checkpoints.load()
        if checkpoint is not None:
            self._progress, weights, _ = checkpoint
            self._load(weights)
        elif start is not None:
            self._load(starting_weights(start, subwords, config.shape))
        self._model.to(self._device)
        self._optimizers = make_optimizers(self._model, config)
        self._names = {id(p): name for name, p in self._model.named_parameters()}
        if checkpoint is not None:
            restore_optimizers(self._optimizers, self._names, checkpoint[2])

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
        written and the run can continue later).

        Raises `UserError` when there is nothing to train on, training diverges, or a checkpoint
        cannot be written. After Ctrl-C in the main thread a checkpoint is written, and
        `KeyboardInterrupt` raised.
        """
        # A run that was interrupted after its last checkpoint may have been at its end.
        stopped = "early" if self._no_better() else "max_steps"
        self._on_saved(self._progress.step)
        if self._steps_are_left() and stopped != "early":
            with deferred() as interruption:
                stopped = self._train(max_seconds, interruption)
        self._save()
        if stopped != "interrupted" and self._config.average_checkpoints > 1:
            self._load(self._checkpoints.average(self._config.average_checkpoints))
        return TrainingResult(self._model, self._progress, stopped)

    def _train(self, max_seconds: float | None, interruption: Interruption) -> str:
        """Do the steps that are left, as many as `max_seconds` allow: why it stopped.

        At an `interruption` a checkpoint is written, and `KeyboardInterrupt` raised.
        """
        config, progress = self._config, self._progress
        dtype = autocast_dtype(self._device)
        meter = Meter()
        seconds_before = progress.seconds
        with closing(self._stream.batches(progress.pool, progress.batch)) as stream:
            while self._steps_are_left():
                pool, index, batch = next(stream)
                loss, count = self._step(batch.to(self._device), dtype)
                meter.add(loss, count)
                progress.step += 1
                progress.pool, progress.batch = pool, index + 1
                progress.target_tokens += count
                elapsed = meter.elapsed()
                progress.seconds = seconds_before + elapsed
                validation = None
                if progress.step % config.validate_every == 0 and self._validator is not None:
                    validation = self._validate()
                if validation is not None or meter.is_due(elapsed) or progress.step == 1:
                    self._report(meter, validation)
                if progress.step % config.checkpoint_every == 0 or interruption.is_wanted:
                    self._save()
                if interruption.is_wanted:
                    raise KeyboardInterrupt
                if validation is not None and self._no_better():
                    return "early"
                if max_seconds is not None and elapsed > max_seconds and self._steps_are_left():
                    return "interrupted"
        return "max_steps"

    def _report(self, meter: Meter, validation: dict[str, float] | None) -> None:
        progress, max_steps = self._progress, self._config.max_steps
        mean, rate = meter.read()
        progress.losses.append((progress.step, round(mean, 4)))
        tokens_per_step = progress.target_tokens / progress.step
        seconds_left = (max_steps - progress.step) * tokens_per_step / max(1e-9, rate)
        self._on_report(Report(progress.step, max_steps, mean, rate, seconds_left, validation))
        meter.reset()

    def _steps_are_left(self) -> bool:
        return self._progress.step < self._config.max_steps

    def _diverged(self) -> UserError:
        return UserError(
            f"training diverged before step {self._progress.step}: lower the learning rate"
        )

    def _check_weights(self) -> None:
        """Raise `UserError` before weights that are not finite are measured or saved."""
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
        self._on_saved(self._progress.step)
