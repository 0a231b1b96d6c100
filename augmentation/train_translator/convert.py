"""The convert step: the trained model converted to CTranslate2 and compared with the original."""

from __future__ import annotations

import json
import shutil
from typing import Any

import sentencepiece

from augmentation.pipeline.artifacts import Artifact
from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.train_translator.dev import by_direction
from augmentation.train_translator.examples import dev_sets
from augmentation.train_translator.layout import TrainSetup
from corpora.fingerprint import fingerprint, path_hash
from corpora.storage import write_text, writing
from translators.conversion.convert import convert
from translators.conversion.describe import describe_converted
from translators.conversion.verify import verify_against_transformers
from translators.describing import ModelFacts
from translators.model_card import TRAINED_HERE, AlignmentHead, write_card
from translators.store import read_model
from translators.subwords import MARKERS


def _alignment_head(config: TrainTranslatorConfig) -> AlignmentHead | None:
    """Which attention was trained with guided alignment; None if none was."""
    if config.alignment is None or config.training.guided_alignment_weight <= 0:
        return None
    return AlignmentHead(layer=-1, heads=1, shift=config.training.guided_alignment_shift)


def convert_step(setup: TrainSetup, listener: Listener) -> str:
    """Convert the model of `setup` to CTranslate2, quantize it, and compare it with `transformers`;
    `listener` is told nothing."""
    config = setup.config
    made_from = fingerprint(
        ["convert", 1, config.quantization, config.model_name, path_hash(setup.model)]
    )
    artifact = Artifact.beside(setup.converted)
    if artifact.is_done(made_from):
        return "already converted"
    shutil.rmtree(setup.converted, ignore_errors=True)
    alignment = _alignment_head(config)
    described: dict[str, Any] = {
        "name": config.model_name,
        "alignment": alignment,
        "max_source_pieces": config.training.max_pieces,
        "markers": MARKERS if config.subwords.markers else (),
        "origin": TRAINED_HERE,
    }
    directions = config.directions()
    facts = ModelFacts()
    if len(directions) == 1:
        facts = ModelFacts(source=config.source, target=config.targets[0])
    else:
        described |= {
            "sources": {source: source for source, _ in directions},
            "targets": {target: target for _, target in directions},
            "pairs": directions,
        }
    for quantization, folder in (
        ("float32", setup.exact),
        (config.quantization, setup.converted),
    ):
        with writing(folder):
            convert(setup.model, folder, quantization, alignment)
        info = describe_converted(setup.model, folder, quantization, facts, **described)
        write_card(folder, info.card)
    lines = [_verify(setup, source, target) for source, target in directions]
    write_text(setup.converted.with_name("verified.json"), json.dumps(lines) + "\n")
    artifact.note_done(made_from)
    return "; ".join(lines)


VERIFIED_TEXTS = 50
"""Texts of each direction that are compared."""


def _verify(setup: TrainSetup, source: str, target: str) -> str:
    """Compare one direction with `transformers`; a float32 model must give the same output."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(setup.subwords))
    texts = [
        text
        for dev in by_direction(setup.config, dev_sets(setup))
        if (dev.source, dev.target) == (source, target)
        for text in dev.sources
        if len(processor.encode(text)) <= setup.config.training.max_pieces - 2
    ]
    report = verify_against_transformers(
        setup.model,
        read_model(setup.converted),
        texts[:: max(1, len(texts) // VERIFIED_TEXTS)][:VERIFIED_TEXTS],
        source=source,
        target=target,
    )
    # Two tokens of exactly the same probability may come in either order.
    if report.texts - report.float32_equal > max(1, 0.05 * report.texts):
        raise RuntimeError(
            f"the converted model gives other outputs than the trained one in "
            f"{report.texts - report.float32_equal} of {report.texts} texts, such as "
            f"{report.differences[:1]}"
        )
    return (
        f"{source} → {target}: in float32, {report.float32_equal} of {report.texts} greedy outputs "
        f"are those of transformers, token for token; in {setup.config.quantization}, "
        f"{report.quantized_equal} are, and {report.quantized_token_share:.1%} of the tokens come "
        "before a difference"
    )
