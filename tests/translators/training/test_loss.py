"""The fused loss is the textbook one."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from translators.training.loss import smoothed_cross_entropy  # noqa: E402


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
