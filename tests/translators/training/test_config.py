"""Widths, and configurations that cannot be."""

from __future__ import annotations

import pytest

from translators.training.config import TrainingConfig, padded_width


def test_padded_widths_are_few_and_close() -> None:
    widths = {padded_width(length) for length in range(1, 129)}
    assert len(widths) <= 22
    assert all(
        length <= padded_width(length) <= max(length + 1, length * 1.25) for length in range(1, 129)
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"shape": {"heads": 7}}, "d_model 256 is no multiple of heads 7"),
        ({"shape": {"dropout": 0.999}}, "shape.dropout"),
        ({"max_pieces": 513}, "max_pieces 513 is more than max_positions 512 has room for"),
    ],
)
def test_impossible_shapes(values: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        TrainingConfig.model_validate(values)
