"""The model to train."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
from translators.training.config import ModelShape  # noqa: E402
from translators.training.model import SpecialIds, build_model  # noqa: E402

SHAPE = ModelShape(
    d_model=32, encoder_layers=2, decoder_layers=2, heads=4, ffn=48, max_positions=32
)


def test_pad_row_is_zero() -> None:
    model = build_model(SHAPE, 64, SpecialIds(63, 0, 1), seed=0)
    assert float(model.model.shared.weight[63].detach().abs().sum()) == 0.0
