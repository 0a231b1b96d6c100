"""The training step."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from augmentation.pipeline.artifacts import is_made, note_made
from augmentation.train_translator.align import word_offsets
from augmentation.train_translator.examples import _by_direction, dev_sets
from augmentation.train_translator.layout import TRAIN_STEP, TrainRun
from corpora.errors import MissingExtraError
from corpora.manifest import file_hash, fingerprint
from corpora.storage import write_text
from translators.card import History, describe_machine
from translators.marian_folder import StartingPoint, save_marian
from translators.subwords import MARKERS, language_tag

if TYPE_CHECKING:
    from translators.training.loop import Report


def train_step(run: TrainRun) -> str:
    """Train, or go on training from the last checkpoint; save the model and its history."""
    config = run.config
    start = None if config.init_from is None else StartingPoint.find(config.init_from)
    made_from = fingerprint(
        [
            "train",
            2,
            config.training,
            config.directions(),
            file_hash(run.examples.path),
            file_hash(run.subwords),
            None if start is None else file_hash(start.weights),
        ]
    )
    if is_made(run.model, made_from):
        return "already trained"
    try:
        from translators.training.batches import TrainingData
        from translators.training.evaluate import DevSet
        from translators.training.loop import Trainer
    except ImportError as error:
        raise MissingExtraError("training a translator", "train") from error
    data = TrainingData(
        bitext=run.examples.path,
        subwords=run.subwords,
        split_words=word_offsets,
        forward_tags={t: language_tag(t) for t in config.tagged() if t != config.source},
        backward_tag=language_tag(config.source) if config.bidirectional else None,
        markers=MARKERS if config.subwords.markers else (),
    )

    def on_report(report: Report) -> None:
        run.say(progress_line(report))
        run.on_trained(report.step / report.max_steps)

    trainer = Trainer(
        config.training,
        data,
        run.work / TRAIN_STEP,
        validator=DevSet(run.subwords, _by_direction(config, dev_sets(run))),
        on_report=on_report,
        device=run.device,
        threads=run.threads,
        start=start,
    )
    result = trainer.run(max_seconds=run.max_seconds)
    save_marian(result.model, run.subwords, run.model, *config.directions()[0])
    progress = result.progress
    history = History(
        losses=progress.losses,
        validations=progress.validations,
        steps=progress.step,
        max_steps=config.training.max_steps,
        seconds=progress.seconds,
        target_tokens=progress.target_tokens,
        stopped=result.stopped,
        machine=describe_machine(_device_name(run.device)),
    )
    write_text(run.history, json.dumps(asdict(history), indent=1) + "\n")
    if result.stopped != "interrupted":
        note_made(run.model, made_from)
    return f"{progress.step:,} steps, {progress.seconds:,.0f} seconds ({result.stopped})"


def _device_name(device: str) -> str:
    import torch

    if device == "cpu" or not torch.cuda.is_available():
        return "no GPU used"
    return str(torch.cuda.get_device_name())


def progress_line(report: Report) -> str:
    """`step 1,200/20,000  loss 3.21  5,400 target tokens/s  1:02:03 left`, and dev scores."""
    left = timedelta(seconds=round(report.seconds_left))
    line = (
        f"step {report.step:,}/{report.max_steps:,}  loss {report.loss:.3f}  "
        f"{report.tokens_per_second:,.0f} target tokens/s  {left} left"
    )
    if report.validation is not None:
        line += f"  dev chrF {report.validation['chrf']:.1f}"
    return line
