"""A lean forward pass over the parameters of a `MarianMTModel`, for training.

It is written out here because the stock one spends two thirds of a CPU step outside the matrix
products, and because guided alignment needs one attention head of one layer, which fused attention
hides. A test holds the two passes equal.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from transformers import MarianMTModel


def autocast_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor of `device` multiplies it natively, else float32."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


class Dropout:
    """Residual dropout whose masks depend on (seed, step) alone, so that a resume repeats them.

    `rate` is the share of elements that become zero, `device` where the masks are made: on the CPU
    they come from NumPy, because torch's serial generator costs 6% of a step.
    """

    def __init__(self, rate: float, seed: int, step: int, device: torch.device) -> None:
        self._rate = rate
        self._threshold = round(rate * 256)
        self._scale = 256.0 / (256.0 - self._threshold)
        self._numpy = np.random.Generator(np.random.SFC64([seed, step]))
        self._cuda = None
        if device.type != "cpu":
            self._cuda = torch.Generator(device=device).manual_seed((seed << 32) ^ step)

    def __call__(self, x: Tensor) -> Tensor:
        """`x` with some elements zeroed and the others scaled up."""
        if self._threshold == 0:
            return x
        if self._cuda is not None:
            keep = torch.rand(x.shape, generator=self._cuda, device=x.device) >= self._rate
            return x * (keep.to(x.dtype) * (1.0 / (1.0 - self._rate)))
        random = np.frombuffer(self._numpy.bytes(x.numel()), dtype=np.uint8)
        mask = torch.from_numpy((random >= self._threshold).view(np.int8)).view(x.shape)
        return x * (mask.to(x.dtype) * self._scale)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    batch, length, width = x.shape
    return x.view(batch, length, heads, width // heads).transpose(1, 2)


class Forward:
    """One forward pass over `model` with matrix products in `dtype` and its `dropout`.

    Weights are cast once per pass; gradients flow back to the float32 masters.
    """

    def __init__(self, model: MarianMTModel, dtype: torch.dtype, dropout: Dropout) -> None:
        self._model = model
        self._dtype = dtype
        self._drop = dropout
        self._heads = model.config.encoder_attention_heads
        self.embedding = model.model.shared.weight.to(dtype)

    def _linear(self, x: Tensor, *layers: nn.Linear) -> Tensor:
        """One product for several layers over the same input."""
        if len(layers) == 1:
            weight, bias = layers[0].weight, layers[0].bias
        else:
            weight = torch.cat([layer.weight for layer in layers])
            bias = torch.cat([layer.bias for layer in layers])
        return nn.functional.linear(x, weight.to(self._dtype), bias.to(self._dtype))

    def _embed(self, ids: Tensor, positions: nn.Embedding) -> Tensor:
        width = self._model.config.d_model
        x = nn.functional.embedding(ids, self.embedding) * math.sqrt(width)
        return self._drop(x + positions.weight[: ids.shape[1]].to(self._dtype))

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, first_head: bool = False
    ) -> tuple[Tensor, Tensor | None]:
        """Attention; with `first_head`, also the log-probabilities of the first head (float32)."""
        q, k, v = (_split_heads(x, self._heads) for x in (q, k, v))
        scores = (q * (q.shape[-1] ** -0.5)) @ k.transpose(-1, -2) + mask
        out = torch.softmax(scores, dim=-1) @ v
        batch, heads, length, width = out.shape
        out = out.transpose(1, 2).reshape(batch, length, heads * width)
        return out, torch.log_softmax(scores[:, 0].float(), dim=-1) if first_head else None

    def _norm(self, x: Tensor, norm: nn.LayerNorm) -> Tensor:
        return nn.functional.layer_norm(
            x,
            norm.normalized_shape,
            norm.weight.to(self._dtype),
            norm.bias.to(self._dtype),
            norm.eps,
        )

    def _feed_forward(self, x: Tensor, layer: nn.Module) -> Tensor:
        hidden = torch.relu(self._linear(x, layer.fc1))
        return self._norm(x + self._drop(self._linear(hidden, layer.fc2)), layer.final_layer_norm)

    def encode(self, source: Tensor, source_mask: Tensor) -> Tensor:
        """Encoder states (batch, source length, d_model).

        `source` holds the ids (batch, source length), and `source_mask` hides padding.
        """
        encoder = self._model.model.encoder
        x = self._embed(source, encoder.embed_positions)
        for layer in encoder.layers:
            attention = layer.self_attn
            q, k, v = self._linear(x, attention.q_proj, attention.k_proj, attention.v_proj).chunk(
                3, dim=-1
            )
            out, _ = self._attend(q, k, v, source_mask)
            x = self._norm(
                x + self._drop(self._linear(out, attention.out_proj)), layer.self_attn_layer_norm
            )
            x = self._feed_forward(x, layer)
        return x

    def decode(self, target: Tensor, states: Tensor, source_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder states (batch, target length, d_model), and the log attention of the first
        head of the last layer over the source (batch, target length, source length).

        `target` holds the ids given to the decoder (batch, target length), `states` what `encode`
        gave, and `source_mask` hides padding."""
        decoder = self._model.model.decoder
        length = target.shape[1]
        causal = torch.full((length, length), -1e4, dtype=self._dtype, device=target.device).triu(1)
        x = self._embed(target, decoder.embed_positions)
        last = len(decoder.layers) - 1
        log_attention = None
        for index, layer in enumerate(decoder.layers):
            attention, cross = layer.self_attn, layer.encoder_attn
            q, k, v = self._linear(x, attention.q_proj, attention.k_proj, attention.v_proj).chunk(
                3, dim=-1
            )
            out, _ = self._attend(q, k, v, causal)
            x = self._norm(
                x + self._drop(self._linear(out, attention.out_proj)), layer.self_attn_layer_norm
            )
            k, v = self._linear(states, cross.k_proj, cross.v_proj).chunk(2, dim=-1)
            out, log_attention = self._attend(
                self._linear(x, cross.q_proj), k, v, source_mask, first_head=index == last
            )
            x = self._norm(
                x + self._drop(self._linear(out, cross.out_proj)), layer.encoder_attn_layer_norm
            )
            x = self._feed_forward(x, layer)
        assert log_attention is not None
        return x, log_attention

    def source_mask(self, lengths: Tensor, width: int) -> Tensor:
        """Additive mask (batch, 1, 1, `width`) that hides the padding after `lengths` (batch,)."""
        hidden = torch.arange(width, device=lengths.device)[None] >= lengths[:, None]
        return (hidden.to(self._dtype) * -1e4)[:, None, None, :]
