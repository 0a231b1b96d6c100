"""Configuration of training. Every field changes the result unless its docstring says otherwise."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


def padded_width(length: int) -> int:
    """The width that `length` pieces are padded to: steps of a quarter of a power of two.

    Few different shapes, because oneDNN compiles its kernels again for every shape: with free
    widths a CPU step took two and a half times as long.
    """
    step = max(2, 1 << max(0, length.bit_length() - 3))
    return -(-length // step) * step


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        defer_build=True,
    )


class ModelShape(_Strict):
    """Size of the Marian model."""

    d_model: int = Field(256, ge=1, le=65_536)
    encoder_layers: int = Field(4, ge=1, le=1000)
    decoder_layers: int = Field(2, ge=1, le=1000)
    heads: int = Field(8, ge=1, le=1024)
    ffn: int = Field(1024, ge=1, le=1_000_000)
    dropout: float = Field(0.1, ge=0.0, le=0.9)
    max_positions: int = Field(512, ge=8, le=100_000)

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> ModelShape:
        if self.d_model % self.heads:
            raise ValueError(f"d_model {self.d_model} is no multiple of heads {self.heads}")
        return self


class NoiseConfig(_Strict):
    """Shares of examples changed on the fly, so that unseen strings, lower case and brackets
    are translated well (see `translators.training.noise`)."""

    lower: float = Field(0.25, ge=0.0, le=1.0)
    """Source lower-cased and stripped of final punctuation, as spoken queries are typed."""
    swap: float = Field(0.15, ge=0.0, le=1.0)
    """An aligned name or number replaced on both sides by another string."""
    copy_word: float = Field(0.02, ge=0.0, le=1.0)
    """A run of unseen strings put into both sides as they are."""
    add: float = Field(0.03, ge=0.0, le=1.0)
    """An unseen string put after both sides, as people put emoji, addresses and hashtags."""
    markers: float = Field(0.05, ge=0.0, le=1.0)
    """Aligned phrases bracketed by projection markers on both sides."""
    masks: float = Field(0.0, ge=0.0, le=1.0)
    """Words that are the same on both sides replaced by masks, as stand for placeholders and the
    like when texts are translated (see `translators.protection`)."""


class OptimizerConfig(_Strict):
    """AdamW, or Muon (Jordan et al., 2024) for the matrices with AdamW for the rest."""

    name: Literal["adamw", "muon"] = "muon"
    learning_rate: float = Field(0.002, gt=0.0)
    """Peak rate of AdamW's parameters."""
    muon_learning_rate: float = Field(0.02, gt=0.0)
    weight_decay: float = Field(0.0, ge=0.0)
    warmup_steps: int = Field(400, ge=0)
    decay_share: float = Field(0.25, gt=0.0, le=1.0)
    """The last share of `max_steps`, over which the rate falls linearly to zero."""
    clip_norm: float = Field(1.0, gt=0.0)


class TrainingConfig(_Strict):
    """How to train one model."""

    shape: ModelShape = Field(default_factory=ModelShape)
    noise: NoiseConfig = Field(default_factory=NoiseConfig)
    optimizer: OptimizerConfig = Field(default_factory=OptimizerConfig)
    batch_tokens: int = Field(4096, ge=16, le=10_000_000)
    """Target pieces of one update, padding included."""
    backward_weight: float = Field(1.0, ge=0.0)
    """How often an epoch shows a pair from target to source, against once from source to target,
    in a model of both directions: what is easier to learn needs less."""
    max_pieces: int = Field(128, ge=4, le=100_000)
    """Longer examples are left out."""
    max_steps: int = Field(20_000, ge=1, le=1_000_000_000)
    """Most updates."""
    label_smoothing: float = Field(0.1, ge=0.0, lt=1.0)
    """Share of the probability that training gives to all pieces alike."""
    guided_alignment_weight: float = Field(0.1, ge=0.0)
    """Weight of the alignment loss, against 1 of the translation loss."""
    guided_alignment_shift: Literal[0, 1] = 1
    """Whether the attention of a step is trained to align the piece that the step writes (0), as in
    OPUS-MT models, or the one that it reads, which has been written by then (1; Chen et al.,
    2020)."""
    validate_every: int = Field(1000, ge=1, le=1_000_000_000)
    """Updates between two validations."""
    patience: int = Field(10, ge=0)
    """Stop after so many validations without a better dev chrF; 0 never stops early."""
    average_checkpoints: int = Field(4, ge=1, le=1000)
    """How many of the last checkpoints are averaged into the final model."""
    checkpoint_every: int = Field(500, ge=1, le=1_000_000_000)
    """Updates between two checkpoints."""
    pool_examples: int = Field(16_384, ge=1, le=100_000_000)
    """Examples that are sorted by length together."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the weights and of the order of examples."""

    @model_validator(mode="after")
    def _batches_fit_the_positions(self) -> TrainingConfig:
        if padded_width(self.max_pieces) > self.shape.max_positions:
            raise ValueError(
                f"max_pieces {self.max_pieces} is more than max_positions "
                f"{self.shape.max_positions} has room for"
            )
        return self


LENGTH_OF_A_RUN = frozenset(
    {"max_steps", "patience", "validate_every", "checkpoint_every", "average_checkpoints"}
)
"""Fields of `TrainingConfig` that a run with checkpoints may change, so that it can be longer."""
