"""A Marian model of `transformers`, and a lean forward pass over its parameters for training.

The parameters are those of `MarianMTModel` (post-norm, sinusoidal positions, tied embeddings), so
that a checkpoint saves and converts as any OPUS-MT model does. The forward pass is written out
here because the stock one spends two thirds of a CPU step outside the matrix products, and
because guided alignment needs one attention head of one layer, which fused attention hides. A
test holds the two passes equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
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
    """A freshly initialised model whose `<pad>` embedding is zero.

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
    """Keep the `<pad>` embedding at zero: it gets no gradient."""
    gradient = model.model.shared.weight.grad
    if gradient is not None:
        gradient[model.config.pad_token_id].zero_()


class Dropout:
    """Residual dropout whose masks depend on (seed, step) alone, so that a resume repeats them.

    On the CPU the masks come from NumPy: torch's serial generator costs 6% of a step.
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
    """One forward pass over `model` with matrix products in `dtype`.

    Weights are cast once a pass; gradients flow back to the float32 masters.
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
        """Encoder states, shape (batch, source length, d_model)."""
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
        head of the last layer over the source (batch, target length, source length)."""
        decoder = self._model.model.decoder
        length = target.shape[1]
        causal = torch.full((length, length), -1e4, dtype=self._dtype, device=target.device).triu(1)
        x = self._embed(target, decoder.embed_positions)
        last = len(decoder.layers) - 1
        log_attention = None
        for index, layer in enumerate(decoder.layers):
            own, cross = layer.self_attn, layer.encoder_attn
            q, k, v = self._linear(x, own.q_proj, own.k_proj, own.v_proj).chunk(3, dim=-1)
            out, _ = self._attend(q, k, v, causal)
            x = self._norm(
                x + self._drop(self._linear(out, own.out_proj)), layer.self_attn_layer_norm
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
        """Additive mask (batch, 1, 1, width) that hides padding."""
        hidden = torch.arange(width, device=lengths.device)[None] >= lengths[:, None]
        return (hidden.to(self._dtype) * -1e4)[:, None, None, :]


class SmoothedCrossEntropy(torch.autograd.Function):  # type: ignore[misc]
    """Summed label-smoothed cross-entropy of `states @ embedding.T`, without keeping the logits.

    The gradient is made in the forward pass, chunk by chunk, so that memory stays at one chunk of
    logits and each is exponentiated once.
    """

    CHUNK = 1024
    STEP = 256

    @staticmethod
    def forward(ctx, states, embedding, targets, smoothing, hidden_id):  # type: ignore[no-untyped-def]
        """`states` (n, d), `embedding` (v, d), `targets` (n,): the summed loss, float32.

        `hidden_id` (the `<pad>` piece) takes no probability mass.
        """
        vocab = embedding.shape[0]
        grad_states = torch.empty_like(states)
        grad_embedding = torch.zeros(embedding.shape, dtype=torch.float32, device=states.device)
        loss = torch.zeros((), dtype=torch.float32, device=states.device)
        uniform = smoothing / (vocab - 1)
        for start in range(0, states.shape[0], SmoothedCrossEntropy.CHUNK):
            rows = states[start : start + SmoothedCrossEntropy.CHUNK]
            gold = targets[start : start + SmoothedCrossEntropy.CHUNK, None]
            # Few distinct shapes: oneDNN compiles its kernels anew for every shape.
            count = rows.shape[0]
            rows = nn.functional.pad(rows, (0, 0, 0, -count % SmoothedCrossEntropy.STEP))
            gold = nn.functional.pad(gold, (0, 0, 0, -count % SmoothedCrossEntropy.STEP))
            logits = (rows @ embedding.T).float()
            logits[:, hidden_id] = -1e4
            top = logits.amax(dim=1, keepdim=True)
            at_gold = logits.gather(1, gold)
            total = logits.sum(dim=1, keepdim=True) + 1e4
            probabilities = logits.sub_(top).exp_()
            norm = probabilities.sum(dim=1, keepdim=True)
            log_norm = norm.log() + top
            loss += (
                log_norm * (1.0 - smoothing + uniform * (vocab - 1))
                - (1.0 - smoothing) * at_gold
                - uniform * total
            )[:count].sum()
            gradient = probabilities.div_(norm).sub_(uniform)
            gradient[:, hidden_id] = 0.0
            gradient.scatter_add_(1, gold, torch.full_like(at_gold, smoothing - 1.0))
            gradient[count:] = 0.0
            gradient = gradient.to(rows.dtype)
            grad_states[start : start + count] = (gradient @ embedding)[:count]
            grad_embedding += (gradient.T @ rows).float()
        ctx.save_for_backward(grad_states, grad_embedding)
        return loss

    @staticmethod
    def backward(ctx, grad_output):  # type: ignore[no-untyped-def]
        """Scale the gradients made in the forward pass."""
        grad_states, grad_embedding = ctx.saved_tensors
        scale = grad_output
        return (
            grad_states * scale.to(grad_states.dtype),
            (grad_embedding * scale).to(grad_states.dtype),
            None,
            None,
            None,
        )


def smoothed_cross_entropy(
    states: Tensor, embedding: Tensor, targets: Tensor, smoothing: float, hidden_id: int
) -> Tensor:
    """Summed loss over `targets` (n,) of `states` (n, d) against the tied `embedding` (v, d)."""
    loss: Tensor = SmoothedCrossEntropy.apply(states, embedding, targets, smoothing, hidden_id)
    return loss
