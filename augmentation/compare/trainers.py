"""Makes the trainer that a comparison's configuration describes."""

from __future__ import annotations

from augmentation.compare.config import TrainerConfig
from corpora.choices import Task
from trainers.protocol import Trainer


def make_trainer(config: TrainerConfig, task: Task, device: str) -> Trainer:
    """The trainer that `config` describes, for `task`, computing on `device`.

    Raises `MissingExtraError` where it needs an extra that is not installed.
    """
    if config.kind == "light":
        from trainers.crf import CrfTrainer
        from trainers.linear import LinearTrainer

        return CrfTrainer() if task == "tokens" else LinearTrainer(pair=task == "pair")
    from trainers.fine_tuning.loop_torch import FineTuning
    from trainers.fine_tuning.trainer import TransformersTrainer

    return TransformersTrainer(
        str(config.model),
        task,
        FineTuning(
            epochs=config.epochs,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            frozen_layers=config.frozen_layers,
            patience=config.patience,
            class_weights=config.class_weights,
            precision=config.precision,
        ),
        config.max_length,
        config.target_length,
        device=device,
        revision=config.revision,
    )
