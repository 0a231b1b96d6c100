"""The lean forward pass is the stock one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from translators.training.config import ModelShape  # noqa: E402
from translators.training.forward import Dropout, Forward  # noqa: E402
from translators.training.model import SpecialIds, build_model  # noqa: E402

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


def test_dropout_depends_on_step_alone() -> None:
    x = torch.ones(50, 40)
    first = Dropout(0.25, seed=3, step=7, device=CPU)(x)
    again = Dropout(0.25, seed=3, step=7, device=CPU)(x)
    other = Dropout(0.25, seed=3, step=8, device=CPU)(x)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert abs(float(first.mean()) - 1.0) < 0.06
    assert first.unique().tolist() == [0.0, pytest.approx(4 / 3, rel=1e-3)]
