"""What training minimises: label-smoothed cross-entropy and guided alignment."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import MarianMTModel

from translators.training.batches import Batch
from translators.training.config import TrainingConfig
from translators.training.forward import Dropout, Forward


def batch_loss(
    model: MarianMTModel, batch: Batch, config: TrainingConfig, dropout: Dropout, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """(loss to minimise, summed cross-entropy, number of target pieces).

    `model` reads `batch` with `dropout` and matrix products in `dtype`; `config` has the weights.
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

        `smoothing` is the share of the mass spread over all pieces; `hidden_id` (the `<pad>` piece)
        takes none. `ctx` keeps the gradients.
        """
        vocab = embedding.shape[0]
        grad_states = torch.empty_like(states)
        grad_embedding = torch.zeros(embedding.shape, dtype=torch.float32, device=states.device)
        loss = torch.zeros((), dtype=torch.float32, device=states.device)
        uniform = smoothing / (vocab - 1)
        for start in range(0, states.shape[0], SmoothedCrossEntropy.CHUNK):
            rows = states[start : start + SmoothedCrossEntropy.CHUNK]
            gold = targets[start : start + SmoothedCrossEntropy.CHUNK, None]
            # Few different shapes, because oneDNN compiles its kernels again for every shape.
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
        """The gradients that the forward pass left in `ctx`, scaled by `grad_output`."""
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
    """Summed loss over `targets` (n,) of `states` (n, d) against the tied `embedding` (v, d).

    See `SmoothedCrossEntropy` for `smoothing` and `hidden_id`.
    """
    loss: Tensor = SmoothedCrossEntropy.apply(states, embedding, targets, smoothing, hidden_id)
    return loss
