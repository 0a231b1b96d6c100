"""The lean forward pass is the stock one, and its fused loss is the textbook one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from translators.training.config import ModelShape, padded_width  # noqa: E402
from translators.training.model import (  # noqa: E402
    Dropout,
    Forward,
    SpecialIds,
    build_model,
    smoothed_cross_entropy,
)

SHAPE = ModelShape(
    d_model=32, encoder_layers=2, decoder_layers=2, heads=4, ffn=48, max_positions=32
)
CPU = torch.device("cpu")


def _inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(2, 60, (3, 9), generator=generator)
    lengths = torch.tensor([9, 7, 4])
    for row, length in enumerate(lengths):
        source[row, length:] = 63
    target = torch.randint(2, 60, (3, 6), generator=generator)
    target[:, 0] = 63
    return source, lengths, target


def test_forward_equals_transformers() -> None:
    model = build_model(SHAPE, 64, SpecialIds(63, 0, 1), seed=0).eval()
    source, lengths, target = _inputs()
    mask = (torch.arange(9)[None] < lengths[:, None]).long()
    model.set_attn_implementation("eager")
    stock = model(
        input_ids=source, attention_mask=mask, decoder_input_ids=target, output_attentions=True
    )
    forward = Forward(model, torch.float32, Dropout(0.0, 0, 0, CPU))
    source_mask = forward.source_mask(lengths, 9)
    decoded, log_attention = forward.decode(
        target, forward.encode(source, source_mask), source_mask
    )
    logits = decoded @ forward.embedding.T
    torch.testing.assert_close(logits, stock.logits, atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(
        log_attention.exp(), stock.cross_attentions[-1][:, 0], atol=1e-5, rtol=1e-4
    )


def test_pad_row_is_zero() -> None:
    model = build_model(SHAPE, 64, SpecialIds(63, 0, 1), seed=0)
    assert float(model.model.shared.weight[63].detach().abs().sum()) == 0.0


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_fused_loss_and_gradients(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(2)
    states = torch.randn(7, 8, generator=generator, dtype=torch.float32, requires_grad=True)
    embedding = torch.randn(11, 8, generator=generator, requires_grad=True)
    targets = torch.randint(0, 10, (7,), generator=generator)
    loss = smoothed_cross_entropy(states, embedding, targets, smoothing, hidden_id=10)
    loss.backward()
    got = (loss.detach(), states.grad.clone(), embedding.grad.clone())
    states.grad = embedding.grad = None
    # The hidden piece takes no part: the reference is over the other ten.
    reference = torch.nn.functional.cross_entropy(
        states @ embedding[:10].T, targets, label_smoothing=smoothing, reduction="sum"
    )
    reference.backward()
    torch.testing.assert_close(got[0], reference.detach(), atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(got[1], states.grad, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(got[2], embedding.grad, atol=1e-5, rtol=1e-4)


def test_dropout_depends_on_step_alone() -> None:
    x = torch.ones(50, 40)
    first = Dropout(0.25, seed=3, step=7, device=CPU)(x)
    again = Dropout(0.25, seed=3, step=7, device=CPU)(x)
    other = Dropout(0.25, seed=3, step=8, device=CPU)(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert abs(float(first.mean()) - 1.0) < 0.06
    assert first.unique().tolist() == [0.0, pytest.approx(4 / 3, rel=1e-3)]


def test_padded_widths_are_few_and_close() -> None:
    widths = {padded_width(length) for length in range(1, 129)}
    assert len(widths) <= 22
    assert all(
        length <= padded_width(length) <= max(length + 1, length * 1.25) for length in range(1, 129)
    )
