"""Opens the tokenizer of a model, of either kind."""

from __future__ import annotations

from typing import Protocol

from corpora.text.languages import language_subtag
from translators.families import BPE_CODES
from translators.model_card import ModelInfo, tokenizer_file
from translators.pieces.codec import PieceCodec
from translators.pieces.normaliser import TextNormaliser
from translators.pieces.normalising_codec import NormalisingCodec
from translators.pieces.sentencepiece_codec import SentencePieceCodec
from translators.pieces.tokenizer_json import TokenizersCodec
from translators.vocabulary import read_vocabulary


class _Codec(PieceCodec, Protocol):
    @property
    def normalises(self) -> bool: ...


def open_codec(info: ModelInfo, threads: int) -> PieceCodec:
    """The tokenizer of the model `info`, which may use up to `threads` threads.

    It reads texts as the model was trained to; see `translators.pieces.normaliser`.

    Raises `UserError` for a tokenizer that is missing, broken or of an unsupported kind.
    """
    card = info.card
    source = tokenizer_file(info.path, card.source_tokenizer)
    target = tokenizer_file(info.path, card.target_tokenizer)
    codec: _Codec
    if source.name == BPE_CODES:
        from translators.pieces.moses_bpe import MosesBpeCodec  # sacremoses is slow to load

        languages = [language_subtag(next(iter(tags))) for tags in (card.sources, card.targets)]
        codec = MosesBpeCodec(source, *languages)
    elif source.suffix == ".json":
        codec = TokenizersCodec(source)
    else:
        codec = SentencePieceCodec(source, target, "<unk>", threads)
    normaliser = TextNormaliser(
        lambda: "".join(read_vocabulary(info.path)), keeps_word_breaks=codec.normalises
    )
    return NormalisingCodec(codec, normaliser)
