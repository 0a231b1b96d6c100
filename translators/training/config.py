"""Configuration of the training core. Every field changes the result unless it says otherwise."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelShape(_Strict):
    """Size of the Marian model."""

    d_model: int = 256
    encoder_layers: int = Field(4, ge=1)
    decoder_layers: int = Field(2, ge=1)
    heads: int = 8
    ffn: int = 1024
    dropout: float = Field(0.1, ge=0.0, lt=1.0)
    max_positions: int = 512


class NoiseConfig(_Strict):
    """Shares of examples changed on the fly, so that unseen strings, lower case and brackets
    come through (see `translators.training.examples`)."""

    lower: float = 0.25
    """Source lower-cased and stripped of final punctuation, as spoken queries are typed."""
    swap: float = 0.15
    """An aligned name or number replaced on both sides by another string."""
    copy_word: float = 0.02
    """A run of unseen strings put into both sides as they are."""
    markers: float = 0.05
    """Aligned phrases bracketed by projection markers on both sides."""


class OptimizerConfig(_Strict):
    """AdamW, or Muon (Jordan et al., 2024) for the matrices with AdamW for the rest."""

    name: Literal["adamw", "muon"] = "muon"
    learning_rate: float = 0.002
    """Peak rate of AdamW's parameters."""
    muon_learning_rate: float = 0.02
    weight_decay: float = 0.0
    warmup_steps: int = 400
    decay_share: float = Field(0.25, gt=0.0, le=1.0)
    """The last share of `max_steps`, over which the rate falls linearly to zero."""
    clip_norm: float = 1.0


class TrainingConfig(_Strict):
    """How to train one model."""

    shape: ModelShape = ModelShape()
    noise: NoiseConfig = NoiseConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    batch_tokens: int = 4096
    """Target pieces of one update, padding included."""
    max_pieces: int = 128
    """Longer examples are left out (and counted)."""
    max_steps: int = Field(20_000, ge=1)
    label_smoothing: float = 0.1
    guided_alignment_weight: float = 0.1
    validate_every: int = 1000
    patience: int = 10
    """Stop after so many validations without a better dev chrF; 0 never stops early."""
    average_checkpoints: int = 4
    """How many of the last checkpoints are averaged into the final model."""
    checkpoint_every: int = 500
    pool_examples: int = 16_384
    """Examples that are sorted by length together."""
    seed: int = 0
