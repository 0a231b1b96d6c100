"""Word aligners by name: `load_aligner`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alignment.registry import load

if TYPE_CHECKING:
    from alignment.protocol import WordAligner

DEFAULT_ALIGNER = "statistical"

ALIGNERS: dict[str, str] = {
    "statistical": "alignment.words.statistical.aligner:StatisticalAligner",
    "attention": "alignment.words.attention.aligner:AttentionAligner",
    "encoder": "alignment.words.encoder.aligner:EncoderAligner",
    "lexical": "alignment.words.lexical:LexicalAligner",
    "eflomal": "alignment.words.eflomal:EflomalAligner",
}


def load_aligner(name: str = DEFAULT_ALIGNER, **options: Any) -> WordAligner:
    """The word aligner called `name`, made with `options`.

    Only the module of that aligner is imported. Raises `UserError` for an unknown name, for an
    option that the aligner does not take or that is of another type than it takes, and what the
    aligner itself raises, such as `MissingExtraError` for `encoder` and `eflomal`.
    """
    aligner: WordAligner = load("aligner", ALIGNERS, name, options)
    return aligner
