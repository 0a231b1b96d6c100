"""Scores and card of the trained model."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

from augmentation.train_translator.config import BitextSource
from augmentation.train_translator.examples import _by_direction, dev_sets
from augmentation.train_translator.layout import TrainRun
from corpora.manifest import file_hash, plain
from corpora.shards import ShardRef, sidecar_of
from corpora.storage import make_folder, write_text, writing
from scoring.translation import bleu, chrf
from translators.card import CorpusEntry, History, ScoreEntry, TrainingCard, render_card
from translators.marian_folder import StartingPoint
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model, write_card
from translators.training.curves import curves_svg


def card_step(run: TrainRun) -> str:
    """Score the converted model, write its card, and put it all into the out folder."""
    config = run.config
    scores = _scores(run)
    history = History(**json.loads(run.history.read_text(encoding="utf-8")))
    size = sum(file.stat().st_size for file in run.converted.iterdir())
    examples = sidecar_of(run.examples)
    verified = json.loads(run.converted.with_name("verified.json").read_text(encoding="utf-8"))
    card = TrainingCard(
        name=config.model_name,
        directions=config.directions(),
        corpora=tuple(_entry(one, ref) for one, ref in zip(config.bitext, run.clean, strict=True)),
        left_out=examples.drop_reasons,
        config=plain(config),
        history=history,
        scores=tuple(scores),
        conversion=verified,
        parameters=_parameters(run.model),
        megabytes=size / 1e6,
        machine=history.machine,
        started_from=_started_from(config.init_from),
    )
    folder = run.out.with_name(f".{run.out.name}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    with writing(run.out):
        make_folder(folder)
        shutil.copytree(run.converted, folder, dirs_exist_ok=True)
        write_text(folder / "README.md", render_card(card))
        write_text(folder / card.curves, curves_svg(history))
        info = read_model(folder)
        write_card(folder, info.card.model_copy(update={"training": _summary(card)}))
        shutil.rmtree(run.out, ignore_errors=True)
        folder.replace(run.out)
    return ", ".join(
        f"{s.test_set} {s.direction} {s.metric} {s.value:.1f}" for s in scores if not s.system
    )


def _scores(run: TrainRun) -> list[ScoreEntry]:
    """BLEU and chrF of the dev sets, beam 4, of the shipped model and of it in float32."""
    options = DecodingOptions(beam_size=4)
    scores = []
    for system, folder in (("", run.converted), ("float32", run.exact)):
        translator = open_translator(folder)
        for name, (_, sources, references) in _by_direction(run.config, dev_sets(run)).items():
            test_set, _, direction = name.rpartition(".")
            source, target = next(
                pair for pair in run.config.directions() if "-".join(pair) == direction
            )
            outputs = [h.text for h in translator.translate(sources, source, target, options)]
            for metric in (bleu, chrf):
                score = metric(outputs, references)
                scores.append(
                    ScoreEntry(
                        test_set,
                        direction,
                        score.name,
                        score.value,
                        score.signature,
                        system,
                        pairs=len(references),
                    )
                )
    return scores


def _entry(one: BitextSource, ref: ShardRef) -> CorpusEntry:
    sidecar = sidecar_of(ref)
    return CorpusEntry(
        name=one.name or one.bitext().name,
        files=tuple((f.name, f.stat().st_size, file_hash(f)) for f in one.bitext().files()),
        terms=one.terms,
        weight=one.weight,
        pairs_read=sidecar.rows_in or 0,
        pairs_kept=sidecar.rows_out,
        drop_reasons=sidecar.drop_reasons,
    )


def _started_from(path: Path | None) -> str | None:
    return None if path is None else f"`{path}` ({file_hash(StartingPoint.find(path).weights)})"


def _parameters(folder: Path) -> int:
    from safetensors import safe_open

    with safe_open(folder / "model.safetensors", "numpy") as weights:
        return sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118 (no mapping)


def _summary(card: TrainingCard) -> dict[str, Any]:
    """What `labelferry.json` says of the training; the README has it all."""
    return {
        "corpora": [
            {"name": c.name, "files": [list(f) for f in c.files], "terms": c.terms}
            for c in card.corpora
        ],
        "steps": card.history.steps,
        "seconds": round(card.history.seconds),
        "started_from": card.started_from,
        "machine": card.machine,
        "scores": [
            {
                "set": s.test_set,
                "direction": s.direction,
                "metric": s.metric,
                "value": round(s.value, 2),
                "signature": s.signature,
            }
            for s in card.scores
            if not s.system
        ],
    }
