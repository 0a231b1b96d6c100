"""Word aligners opened by name, with the models that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from alignment.pharaoh import read_pharaoh
from alignment.protocol import ProjectionInput, SegmentAlignment, WordAligner, WordPair
from alignment.words import load_aligner
from alignment.words.given import GivenLinks
from augmentation.projection.config import AlignConfig, AlignerConfig
from translators.protocol import Translator


def open_aligner(name: str, config: AlignerConfig) -> WordAligner:
    """The aligner called `name`, a key of `alignment.words.ALIGNERS`, with the models of `config`.

    `attention` needs an `AlignConfig`, which has the languages, and `eflomal` takes its
    symmetrization. Raises `UserError` for another name and for a model that does not exist.
    """
    options: dict[str, Any] = {}
    if name == "statistical":
        options["priors"] = config.priors
    elif name == "encoder":
        options |= {"model": config.encoder, "layer": config.layer}
    elif name == "attention" and isinstance(config, AlignConfig):
        options |= _translators(config)
    elif name == "eflomal" and isinstance(config, AlignConfig) and config.symmetrization:
        options["symmetrization"] = config.symmetrization
    return load_aligner(name, **options)


def _translators(config: AlignConfig) -> dict[str, Any]:
    from translators.open import open_translator

    return {
        "translator": open_translator(config.model),
        "source": config.source,
        "target": config.target,
        "reverse": open_translator(config.reverse_model) if config.reverse_model else None,
    }


def given_links(path: Path, pairs: Sequence[WordPair]) -> WordAligner:
    """An aligner that gives the links of the Pharaoh file `path`, whose lines are those of `pairs`.

    Links count the tokens of `pairs`. Raises `UserError` with file and line for what is no link,
    for a link beyond a pair's tokens, and for another number of lines.
    """
    lengths = [(len(pair.source.offsets), len(pair.target.offsets)) for pair in pairs]
    return GivenLinks(pairs, list(read_pharaoh(path, lengths)))


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
