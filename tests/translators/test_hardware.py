"""Devices, compute types and threads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corpora.errors import UserError
from translators.engine import Engine
from translators.hardware import Hardware, choose_threads
from translators.model_card import ModelInfo


def test_impossible_hardware(ct2_model: Callable[[str], ModelInfo]) -> None:
    info = ct2_model("marian-multi")
    with pytest.raises(UserError, match="choose from: auto, cpu, cuda"):
        Engine(info, Hardware(device="tpu"))
    with pytest.raises(UserError, match="compute type 'int3'"):
        Engine(info, Hardware(device="cpu", compute_type="int3"))


def test_threads_by_size_and_device() -> None:
    assert choose_threads("cpu", 6_000_000, 2) == (2, 1)
    assert choose_threads("cpu", 3_000_000_000, 16) == (4, 4)
    assert choose_threads("cpu", 3_000_000_000, 2) == (1, 2)
    assert choose_threads("cuda", 6_000_000, 16) == (1, 1)
