"""Measuring a model in training."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
import sentencepiece  # noqa: E402

from translators.training.config import ModelShape  # noqa: E402
from translators.training.data import TrainingData  # noqa: E402
from translators.training.evaluate import DevSet  # noqa: E402
from translators.training.model import SpecialIds, build_model  # noqa: E402


def test_dev_sentences_of_any_length_are_measured_on(toy_data: TrainingData) -> None:
    subwords = sentencepiece.SentencePieceProcessor(model_file=str(toy_data.subwords))
    pad = subwords.get_piece_size()
    special = SpecialIds(pad=pad, eos=subwords.eos_id(), unk=subwords.unk_id())
    shape = ModelShape(
        d_model=32, encoder_layers=1, decoder_layers=1, heads=2, ffn=64, max_positions=64
    )
    dev = DevSet(toy_data.subwords, {"long": (">>yy<<", ["tom " * 100], ["mot " * 100])})
    assert dev(build_model(shape, pad + 1, special, 0))["chrf"] >= 0
