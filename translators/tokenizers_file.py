"""Tokenizers that come as a `tokenizer.json`, and opening whichever a model has."""

from __future__ import annotations

from translators.pieces import PieceCodec, SentencePieceCodec
from translators.store import ModelInfo, tokenizer_file


def open_codec(info: ModelInfo, threads: int) -> PieceCodec:
    """The tokenizer of a model."""
    source = tokenizer_file(info.path, info.card.source_tokenizer)
    target = tokenizer_file(info.path, info.card.target_tokenizer)
    return SentencePieceCodec(source, target, "<unk>", threads)
