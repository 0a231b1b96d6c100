"""Word aligners opened by name, with the models that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from alignment.protocol import (
    ProjectionInput,
    SegmentAlignment,
    SoftAligner,
    WordAligner,
    WordPair,
)
from augmentation.projection.config import AlignConfig, AlignerConfig
from corpora.errors import UserError
from translators.protocol import Translator


def open_aligner(name: str, config: AlignerConfig) -> SoftAligner:
    """The aligner called `name` (`statistical`, `lexical`, `encoder` or `attention`).

    Its models are those of `config`; `attention` needs an `AlignConfig`, which has the languages.
    Raises `UserError` for another name, and for a model that does not exist.
    """
    if name == "statistical":
        from alignment.statistical import StatisticalAligner

        return StatisticalAligner(config.priors)
    if name == "lexical":
        from alignment.lexical import LexicalAligner

        return LexicalAligner()
    if name == "encoder" and config.encoder is not None:
        from alignment.encoder import EncoderAligner

        return EncoderAligner(config.encoder, config.layer)
    if name == "attention" and isinstance(config, AlignConfig):
        return _attention_aligner(config)
    raise UserError(f"the aligner {name!r} cannot be opened here")


def _attention_aligner(config: AlignConfig) -> SoftAligner:
    from alignment.attention import AttentionAligner
    from translators.open import open_translator

    reverse = open_translator(config.reverse_model) if config.reverse_model else None
    translator = open_translator(config.model)
    return AttentionAligner(translator, config.source, config.target, reverse)


def given_links(path: Path, pairs: Sequence[WordPair]) -> WordAligner:
    """An aligner that gives the links of the Pharaoh file `path`, whose lines are those of `pairs`.

    Links count the tokens of `pairs`. Raises `UserError` with file and line for what is no link,
    for a link beyond a pair's tokens, and for another number of lines.
    """
    from alignment.pharaoh import read_pharaoh
    from alignment.tokens import TokenLinks

    lengths = [(len(pair.source.offsets), len(pair.target.offsets)) for pair in pairs]
    return TokenLinks(pairs, list(read_pharaoh(path, lengths)))


def with_attention(
    inputs: Sequence[ProjectionInput], translator: Translator
) -> list[ProjectionInput]:
    """`inputs` with the attention of `translator`'s forced decoding; only rows with spans get it.

    Raises `UserError` for a language pair that the translator lacks.
    """
    with_spans = [index for index, row in enumerate(inputs) if row.spans]
    result = list(inputs)
    languages = Counter((inputs[i].source_lang, inputs[i].target_lang) for i in with_spans)
    for source, target in languages:
        indices = [
            i
            for i in with_spans
            if (inputs[i].source_lang, inputs[i].target_lang) == (source, target)
        ]
        forced = translator.force(
            [inputs[i].source for i in indices], [inputs[i].target for i in indices], source, target
        )
        for index, scored in zip(indices, forced, strict=True):
            segment = SegmentAlignment(scored.source_pieces, scored.target_pieces, scored.attention)
            result[index] = replace(inputs[index], segments=(segment,))
    return result
