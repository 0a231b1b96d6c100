"""The last step: the trained model scored, described in its card, and put into its folder."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

from augmentation.pipeline.listener import Listener
from augmentation.train_translator.config import BitextSource
from augmentation.train_translator.dev import by_direction
from augmentation.train_translator.examples import dev_sets
from augmentation.train_translator.layout import TrainSetup
from corpora.fingerprint import file_hash, plain
from corpora.shards import ShardRef, sidecar_of
from corpora.storage import make_empty_folder, write_text, writing
from scoring.translation import bleu, chrf
from translators.marian_folder import StartingPoint
from translators.model_card import write_card
from translators.open import open_translator
from translators.protocol import DecodingOptions
from translators.store import read_model
from translators.training.card import CorpusEntry, History, ScoreEntry, TrainingCard, render_card
from translators.training.curves import curves_svg


def card_step(setup: TrainSetup, listener: Listener) -> str:
    """Score the converted model of `setup`, write its card, and put it all into the out folder;
    `listener` is told nothing."""
    config = setup.config
    scores = _scores(setup)
    history = History(**json.loads(setup.history.read_text(encoding="utf-8")))
    size = sum(file.stat().st_size for file in setup.converted.iterdir())
    examples = sidecar_of(setup.examples)
    verified = json.loads(setup.converted.with_name("verified.json").read_text(encoding="utf-8"))
    card = TrainingCard(
        name=config.model_name,
        directions=config.directions(),
        corpora=tuple(
            _entry(corpus, ref) for corpus, ref in zip(config.bitext, setup.clean, strict=True)
        ),
        left_out=examples.drop_reasons,
        config=plain(config),
        history=history,
        scores=tuple(scores),
        conversion=verified,
        parameters=_parameters(setup.model),
        megabytes=size / 1e6,
        machine=history.machine,
        started_from=_started_from(config.init_from),
    )
    folder = setup.out.with_name(f".{setup.out.name}.tmp")
    with writing(setup.out):
        make_empty_folder(folder)
        shutil.copytree(setup.converted, folder, dirs_exist_ok=True)
        write_text(folder / "README.md", render_card(card))
        write_text(folder / card.curves, curves_svg(history))
        info = read_model(folder)
        write_card(folder, info.card.model_copy(update={"training": _summary(card)}))
        shutil.rmtree(setup.out, ignore_errors=True)
        folder.replace(setup.out)
    return ", ".join(
        f"{s.test_set} {s.direction} {s.metric} {s.value:.1f}" for s in scores if not s.system
    )


def _scores(setup: TrainSetup) -> list[ScoreEntry]:
    """BLEU and chrF of the dev sets, beam 4, of the converted model, as it ships and in float32."""
    options = DecodingOptions(beam_size=4)
    scores = []
    for system, folder in (("", setup.converted), ("float32", setup.exact)):
        translator = open_translator(folder)
        for dev in by_direction(setup.config, dev_sets(setup)):
            hypotheses = translator.translate(dev.sources, dev.source, dev.target, options)
            outputs = [hypothesis.text for hypothesis in hypotheses]
            for metric in (bleu, chrf):
                score = metric(outputs, dev.references)
                scores.append(
                    ScoreEntry(
                        dev.test_set,
                        dev.direction,
                        score.name,
                        score.value,
                        score.signature,
                        system,
                        pairs=len(dev.references),
                    )
                )
    return scores


def _entry(corpus: BitextSource, ref: ShardRef) -> CorpusEntry:
    sidecar = sidecar_of(ref)
    return CorpusEntry(
        name=corpus.name or corpus.bitext().name,
        files=tuple((f.name, f.stat().st_size, file_hash(f)) for f in corpus.bitext().files()),
        terms=corpus.terms,
        weight=corpus.weight,
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
    """The summary of the training in `labelferry.json`; the README has all of it."""
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
