"""A Marian model of `transformers` to train.

The parameters are those of `MarianMTModel` (post-norm, sinusoidal positions, tied embeddings), so
that a checkpoint saves and converts as any OPUS-MT model does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import nn
from transformers import MarianConfig, MarianMTModel

from translators.training.config import ModelShape


@dataclass(frozen=True, slots=True)
class SpecialIds:
    """Ids of the vocabulary's special pieces."""

    pad: int
    eos: int
    unk: int


def build_model(
    shape: ModelShape, vocab_size: int, special: SpecialIds, seed: int
) -> MarianMTModel:
    """A freshly initialised model of this `shape` whose `<pad>` embedding is zero.

    It has `vocab_size` embeddings, `special` names the ids of the special pieces, and `seed` that
    of the initialisation.

    CTranslate2 starts decoding a Marian model from a zero vector, so that row is zeroed here and
    kept at zero by `zero_pad_gradient`.
    """
    torch.manual_seed(seed)
    config = MarianConfig(
        vocab_size=vocab_size,
        d_model=shape.d_model,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.ffn,
        decoder_ffn_dim=shape.ffn,
        max_position_embeddings=shape.max_positions,
        activation_function="relu",
        dropout=shape.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        scale_embedding=True,
        share_encoder_decoder_embeddings=True,
        tie_word_embeddings=True,
        pad_token_id=special.pad,
        eos_token_id=special.eos,
        bos_token_id=None,
        forced_eos_token_id=special.eos,
        decoder_start_token_id=special.pad,
        decoder_vocab_size=vocab_size,
        init_std=1.0 / math.sqrt(shape.d_model),
    )
    model = MarianMTModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 2 and "embed" not in name:
                nn.init.xavier_uniform_(parameter)
        model.model.shared.weight[special.pad].zero_()
    return model


def zero_pad_gradient(model: MarianMTModel) -> None:
    """Keep the `<pad>` embedding of `model` at zero: it gets no gradient."""
    gradient = model.model.shared.weight.grad
    if gradient is not None:
        gradient[model.config.pad_token_id].zero_()
