"""The trainers of a comparison."""

from __future__ import annotations

from augmentation.compare.config import CompareConfig, TrainerConfig
from trainers.protocol import Trainer


def make_trainer(config: TrainerConfig, compare: CompareConfig) -> Trainer:
    """The trainer that `config` describes; raises `MissingExtraError` where it needs one."""
    if config.kind == "light":
        from trainers.crf import CrfTrainer
        from trainers.linear import LinearTrainer

        if compare.task == "tokens":
            return CrfTrainer()
        return LinearTrainer(pair=compare.task == "pair")
    from trainers.transformers_trainer import TransformersTrainer  # first: it asks for the extra

    from trainers.fine_tuning_torch import FineTuning  # isort: skip

    names = ("epochs", "batch_size", "learning_rate", "frozen_layers", "patience", "class_weights",
             "precision")  # fmt: skip
    return TransformersTrainer(
        str(config.model),
        compare.task,
        FineTuning(**{name: getattr(config, name) for name in names}),
        config.max_length,
        config.target_length,
        device=compare.runtime.device,
        revision=config.revision,
    )
