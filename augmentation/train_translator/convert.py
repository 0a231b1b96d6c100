"""The conversion to CTranslate2, verified."""

from __future__ import annotations

import json
import shutil
from typing import Any

import sentencepiece

from augmentation.pipeline.artifacts import is_made, note_made
from augmentation.train_translator.examples import _by_direction, dev_sets
from augmentation.train_translator.layout import TrainRun
from corpora.manifest import fingerprint, path_hash
from corpora.storage import write_text, writing
from translators.conversion import convert, describe_converted, verify_against_transformers
from translators.store import TRAINED_HERE, AlignmentHead, ModelFacts, write_card
from translators.subwords import MARKERS


def convert_step(run: TrainRun) -> str:
    """Convert to CTranslate2, quantize, and compare with `transformers`; fills the out folder."""
    config = run.config
    made_from = fingerprint(
        ["convert", 1, config.quantization, config.model_name, path_hash(run.model)]
    )
    if is_made(run.converted, made_from):
        return "already converted"
    shutil.rmtree(run.converted, ignore_errors=True)
    guided = config.alignment is not None and config.training.guided_alignment_weight > 0
    shift = config.training.guided_alignment_shift
    alignment = AlignmentHead(layer=-1, heads=1, shift=shift) if guided else None
    known: dict[str, Any] = {
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
        known |= {
            "sources": {source: source for source, _ in directions},
            "targets": {target: target for _, target in directions},
            "pairs": directions,
        }
    for quantization, folder in (
        ("float32", run.exact),
        (config.quantization, run.converted),
    ):
        with writing(folder):
            convert(run.model, folder, quantization, alignment)
        info = describe_converted(run.model, folder, quantization, facts, **known)
        write_card(folder, info.card)
    lines = [_verify(run, source, target) for source, target in directions]
    write_text(run.converted.with_name("verified.json"), json.dumps(lines) + "\n")
    note_made(run.converted, made_from)
    return "; ".join(lines)


VERIFIED_TEXTS = 50


def _verify(run: TrainRun, source: str, target: str) -> str:
    """Compare one direction with `transformers`; a float32 model must say the same."""
    processor = sentencepiece.SentencePieceProcessor(model_file=str(run.subwords))
    texts = [
        text
        for name, (_, sources, _) in _by_direction(run.config, dev_sets(run)).items()
        if name.endswith(f".{source}-{target}")
        for text in sources
        if len(processor.encode(text)) <= run.config.training.max_pieces - 2
    ]
    report = verify_against_transformers(
        run.model,
        run.converted,
        texts[:: max(1, len(texts) // VERIFIED_TEXTS)][:VERIFIED_TEXTS],
        source=source,
        target=target,
    )
    # Two tokens of the very same probability may come out either way round.
    if report.texts - report.float32_equal > max(1, 0.05 * report.texts):
        raise RuntimeError(
            f"the converted model says something else than the trained one in "
            f"{report.texts - report.float32_equal} of {report.texts} texts, such as "
            f"{report.differences[:1]}"
        )
    return (
        f"{source} → {target}: in float32, {report.float32_equal} of {report.texts} greedy outputs "
        f"are those of transformers, token for token; in {run.config.quantization}, "
        f"{report.quantized_equal} are, and {report.quantized_token_share:.1%} of the tokens come "
        "before a difference"
    )
