"""Opens the tokenizer of a model, of either kind."""

from __future__ import annotations

from corpora.text.languages import language_subtag
from translators.families import BPE_CODES
from translators.model_card import ModelInfo, tokenizer_file
from translators.pieces.codec import PieceCodec
from translators.pieces.moses_bpe import MosesBpeCodec
from translators.pieces.sentencepiece_codec import SentencePieceCodec
from translators.pieces.tokenizer_json import TokenizersCodec


def open_codec(info: ModelInfo, threads: int) -> PieceCodec:
    """The tokenizer of the model `info`, which may use up to `threads` threads.

    Raises `UserError` for a tokenizer that is missing, broken or of an unsupported kind.
    """
    card = info.card
    source = tokenizer_file(info.path, card.source_tokenizer)
    target = tokenizer_file(info.path, card.target_tokenizer)
    if source.name == BPE_CODES:
        languages = [language_subtag(next(iter(tags))) for tags in (card.sources, card.targets)]
        return MosesBpeCodec(source, *languages)
    if source.suffix == ".json":
        return TokenizersCodec(source)
    return SentencePieceCodec(source, target, "<unk>", threads)
