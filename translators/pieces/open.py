"""Opens the tokenizer of a model, of either kind."""

from __future__ import annotations

from translators.model_card import ModelInfo, tokenizer_file
from translators.pieces.codec import PieceCodec
from translators.pieces.sentencepiece_codec import SentencePieceCodec
from translators.pieces.tokenizer_json import TokenizersCodec


def open_codec(info: ModelInfo, threads: int) -> PieceCodec:
    """The tokenizer of the model `info`, which may use up to `threads` threads.

    Raises `UserError` for a tokenizer that is missing, broken or of an unsupported kind.
    """
    source = tokenizer_file(info.path, info.card.source_tokenizer)
    target = tokenizer_file(info.path, info.card.target_tokenizer)
    if source.suffix == ".json":
        return TokenizersCodec(source)
    return SentencePieceCodec(source, target, "<unk>", threads)
