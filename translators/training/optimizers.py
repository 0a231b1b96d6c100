"""The optimizers of training, and how their learning rates rise and fall."""

from __future__ import annotations

import torch
from transformers import MarianMTModel

from translators.training.config import TrainingConfig


def learning_rate_factor(step: int, config: TrainingConfig) -> float:
    """The share of the peak rates at `step`.

    A linear warm-up, a plateau, then a linear fall to zero over the last `decay_share` of the steps
    that `config` has.
    """
    optimizer = config.optimizer
    warm = min(1.0, (step + 1) / max(1, optimizer.warmup_steps))
    decay = max(1.0, optimizer.decay_share * config.max_steps)
    return warm * min(1.0, max(0.0, (config.max_steps - step) / decay))


def make_optimizers(
    model: MarianMTModel, config: TrainingConfig
) -> dict[str, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embeddings, norms and biases of `model`.

    With AdamW in `config`, AdamW for all of them.
    """
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
