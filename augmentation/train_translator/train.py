"""The train step: the model trained, with reports, checkpoints and a history."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from augmentation.pipeline.artifacts import Artifact
from augmentation.pipeline.listener import Listener, Progress
from augmentation.train_translator.align import word_offsets
from augmentation.train_translator.dev import by_direction
from augmentation.train_translator.examples import dev_sets
from augmentation.train_translator.layout import TRAIN_STEP, TrainSetup
from corpora.errors import MissingExtraError
from corpora.fingerprint import file_hash, fingerprint
from corpora.storage import write_text
from translators.marian_folder import StartingPoint, save_marian
from translators.subwords import MARKERS, language_tag
from translators.training.card import History, describe_machine

if TYPE_CHECKING:
    from translators.training.loop import TrainingResult
    from translators.training.reports import Report


def train_step(setup: TrainSetup, listener: Listener) -> str:
    """Train the model of `setup`, or continue from its last checkpoint; save it and its history.

    `listener` is told of every report. Raises `MissingExtraError` without PyTorch.
    """
    config = setup.config
    start = None if config.init_from is None else StartingPoint.find(config.init_from)
    start_hash = None if start is None else file_hash(start.weights)
    made_from = fingerprint(
        ["train", 2, config.training, config.directions(), file_hash(setup.examples.path),
         file_hash(setup.subwords), start_hash]
    )  # fmt: skip
    artifact = Artifact.beside(setup.model)
    if artifact.is_done(made_from):
        return "already trained"
    try:
        from translators.training.data import TrainingData
        from translators.training.evaluate import DevSet
        from translators.training.loop import Trainer
    except ImportError as error:
        raise MissingExtraError("training a translator", "train") from error
    data = TrainingData(
        bitext=setup.examples.path,
        subwords=setup.subwords,
        split_words=word_offsets,
        forward_tags={t: language_tag(t) for t in config.tagged() if t != config.source},
        backward_tag=language_tag(config.source) if config.bidirectional else None,
        markers=MARKERS if config.subwords.markers else (),
    )

    def on_report(report: Report) -> None:
        listener.message(progress_line(report))
        done, total = report.step, report.max_steps
        listener.advanced(Progress("train", 0.0, "steps", done, total, total))

    def on_saved(step: int) -> None:
        until = f"training is kept up to step {step:,}"
        listener.saved(until if step else "training has no checkpoint yet, the rest is kept")

    trainer = Trainer(
        config.training,
        data,
        setup.work / TRAIN_STEP,
        validator=DevSet(
            setup.subwords,
            {
                dev.name: (dev.tag, dev.sources, dev.references)
                for dev in by_direction(config, dev_sets(setup))
            },
        ),
        on_report=on_report,
        on_saved=on_saved,
        device=setup.device,
        threads=setup.threads,
        start=start,
    )
    result = trainer.run(max_seconds=setup.max_seconds)
    save_marian(result.model, setup.subwords, setup.model, *config.directions()[0])
    _write_history(result, setup)
    progress = result.progress
    if result.stopped != "interrupted":
        artifact.note_done(made_from)
    return f"{progress.step:,} steps, {progress.seconds:,.0f} seconds ({result.stopped})"


def _write_history(result: TrainingResult, setup: TrainSetup) -> None:
    progress = result.progress
    history = History(
        losses=progress.losses,
        validations=progress.validations,
        steps=progress.step,
        max_steps=setup.config.training.max_steps,
        seconds=progress.seconds,
        target_tokens=progress.target_tokens,
        stopped=result.stopped,
        machine=describe_machine(_device_name(setup.device)),
    )
    write_text(setup.history, json.dumps(asdict(history), indent=1) + "\n")


def _device_name(device: str) -> str:
    import torch

    if device == "cpu" or not torch.cuda.is_available():
        return "no GPU used"
    return str(torch.cuda.get_device_name())


def progress_line(report: Report) -> str:
    """`report` as `step 1,200/20,000  loss 3.21  5,400 target tokens/s  1:02:03 left`, with the dev
    score where there is one."""
    left = timedelta(seconds=round(report.seconds_left))
    line = (
        f"step {report.step:,}/{report.max_steps:,}  loss {report.loss:.3f}  "
        f"{report.tokens_per_second:,.0f} target tokens/s  {left} left"
    )
    if report.validation is not None:
        line += f"  dev chrF {report.validation['chrf']:.1f}"
    return line
