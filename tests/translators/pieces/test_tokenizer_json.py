"""Pieces by a `tokenizer.json`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.offset_checks import HARD_TEXTS, check_offsets
from translators.pieces.sentencepiece_codec import SentencePieceCodec
from translators.pieces.tokenizer_json import TokenizersCodec


def test_tokenizer_json(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from transformers import AutoTokenizer

    from tests.helpers.tiny_translators import TEXTS, make_t5_model

    folder = make_t5_model(tmp_path / "t5")
    AutoTokenizer.from_pretrained(folder).save_pretrained(tmp_path)
    codec = TokenizersCodec(tmp_path / "tokenizer.json")
    spm = SentencePieceCodec(folder / "spiece.model", folder / "spiece.model", "<unk>", 1)
    for text in TEXTS:
        (pieces,), (expected,) = codec.encode([text]), spm.encode([text])
        assert pieces == expected
        assert codec.offsets([text], [pieces]) == spm.offsets([text], [expected])
        assert codec.decode(pieces) == spm.decode(expected)
    for text in HARD_TEXTS:
        (pieces,) = codec.encode([text])
        assert not {"</s>", "<pad>", "<2de>", "<2en>"} & set(pieces)
        check_offsets(text, codec.offsets([text], [pieces])[0])
