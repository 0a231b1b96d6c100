"""Checks before a training run begins: files, extras, folders, checkpoints."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from augmentation.train_translator.config import TrainTranslatorConfig
from augmentation.train_translator.layout import MODEL_FILES, TRAIN_STEP, TrainSetup
from corpora.bitext import read_bitext
from corpora.errors import MissingExtraError, UserError
from corpora.fingerprint import plain
from corpora.lock import lock
from corpora.storage import make_folder, refuse_links, write_text
from translators.marian_folder import StartingPoint
from translators.training.config import LENGTH_OF_A_RUN


@contextmanager
def prepare(setup: TrainSetup) -> Iterator[None]:
    """Check what the run of `setup` needs before any work is done, and lock its work folder.

    Raises `UserError` for files and extras that are missing, an output folder that holds
    something else or contains what is needed, and a work folder that another process is
    writing or that has checkpoints of another configuration.
    """
    _check_needs(setup)
    _check_out(setup)
    make_folder(setup.work)
    refuse_links(setup.work)
    with lock(setup.work):
        _check_checkpoints(setup)
        config = yaml.safe_dump(plain(_resolved(setup.config)), sort_keys=False, allow_unicode=True)
        write_text(setup.work / "config.yaml", config)
        yield


def _resolved(config: TrainTranslatorConfig) -> TrainTranslatorConfig:
    """With the aligner that `auto` chooses: another machine may choose another."""
    if config.alignment is None:
        return config
    chosen = config.alignment.model_copy(update={"aligner": config.alignment.chosen()})
    return config.model_copy(update={"alignment": chosen})


def _check_needs(setup: TrainSetup) -> None:
    source = setup.config.source
    for corpus in (*setup.config.bitext, *setup.config.dev):
        # Read a pair of every corpus now: an error should not come after hours of cleaning.
        next(read_bitext(corpus.bitext(), source, corpus.target or setup.config.targets[0]))
    start = None if setup.config.init_from is None else StartingPoint.find(setup.config.init_from)
    needed = [("torch", "training a translator", "train")]
    if setup.config.alignment is not None and setup.config.alignment.chosen() == "eflomal":
        needed.append(("eflomal", "the aligner eflomal", "eflomal"))
    for module, feature, extra in needed:
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(feature, extra)
    if start is not None:
        start.check(setup.config.training.shape)
    if setup.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UserError("--device cuda: PyTorch finds no CUDA device here")


def _check_out(setup: TrainSetup) -> None:
    """Nothing else may be in the model's folder, because it is replaced."""
    out = setup.out.resolve()
    if setup.out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError("not a folder that a model can be put in the place of", file=setup.out)
    needed = [setup.work]
    if setup.config.init_from is not None:
        needed.append(StartingPoint.find(setup.config.init_from).weights)
    for path in needed:
        if path.resolve().is_relative_to(out):
            raise UserError(f"is in {setup.out}, which will be replaced", file=path)
    if out.exists():
        others = {path.name for path in out.iterdir()} - MODEL_FILES
        if others:
            raise UserError(
                f"this folder has other files than a model's: {min(others)}", file=setup.out
            )


def _check_checkpoints(setup: TrainSetup) -> None:
    """Before anything is replaced, because checkpoints only fit the data they were trained on."""
    folder = setup.work / TRAIN_STEP / "checkpoints"
    try:
        text = (setup.work / "config.yaml").read_text(encoding="utf-8")
        before = TrainTranslatorConfig.model_validate(yaml.safe_load(text))
    except (FileNotFoundError, ValueError, yaml.YAMLError):
        return
    if any(folder.glob("step-*")) and _decisive(before) != _decisive(_resolved(setup.config)):
        raise UserError(
            "these checkpoints were made with another configuration or other data; "
            "use another --out, or delete the folder",
            file=folder,
        )


def _decisive(config: TrainTranslatorConfig) -> dict[str, Any]:
    """The settings that decide the checkpoints; the files' content is checked elsewhere."""
    values: dict[str, Any] = config.model_dump(
        mode="json",
        exclude={
            "name": True,
            "quantization": True,
            "init_from": True,
            "min_pairs": True,
            "training": set(LENGTH_OF_A_RUN),
        },
    )
    for side in ("bitext", "dev"):
        for corpus, entry in zip(getattr(config, side), values[side], strict=True):
            for key in ("path", "target_path", "terms"):
                del entry[key]
            entry["name"] = corpus.name or corpus.bitext().name
    return values
