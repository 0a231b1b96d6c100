"""Predictors by their location: a folder, a hub id, or a command."""

from __future__ import annotations

from pathlib import Path

from corpora.choices import Task
from corpora.errors import UserError
from trainers.command import KIND, PREFIX, CommandPredictor
from trainers.crf import CrfTrainer, load_crf
from trainers.limits import DEFAULT_TIMEOUT
from trainers.linear import LinearTrainer, load_linear
from trainers.protocol import Predictor
from trainers.storage import FACTS_FILE, read_facts

TRANSFORMERS = "transformers"


def load_predictor(
    where: str | Path,
    task: Task,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    device: str = "auto",
    revision: str | None = None,
) -> Predictor:
    """The predictor at `where`, for `task`.

    `where` is a folder that a predictor was saved to, a folder in the layout of `transformers`, a
    hub id (with `revision` pinning it), or `command:PROGRAM ARGUMENTS`, which has `timeout`
    seconds per call. Models of `transformers` run on `device` (`cpu`, `cuda`, `auto`).
    Raises `UserError` for what is none of these or does not fit the task.
    """
    text = str(where)
    if text.startswith(PREFIX):
        command = CommandPredictor(text.removeprefix(PREFIX).strip(), timeout)
        command.arguments()
        return command
    folder = Path(where)
    if not (folder / FACTS_FILE).exists():
        if folder.exists() and not (folder / "config.json").exists():
            raise UserError(
                f"not a predictor: it has neither {FACTS_FILE} nor config.json", file=folder
            )
        if not folder.exists() and _is_path(text):
            raise UserError("no such folder", file=folder)
        from trainers.fine_tuning.predictor_torch import load_transformers

        return load_transformers(text, task, device=device, revision=revision)
    facts = read_facts(folder)
    kind = facts["kind"]
    _check_task(kind, task, folder)
    if kind == LinearTrainer.name:
        return _linear(folder, task)
    if kind == CrfTrainer.name:
        return load_crf(folder)
    if kind == TRANSFORMERS:
        from trainers.fine_tuning.predictor_torch import load_transformers

        return load_transformers(text, task, device=device)
    raise UserError(
        f"a command is not loaded from a folder: say 'command:{facts.get('command', '...')}'",
        file=folder,
    )


def _is_path(where: str) -> bool:
    """Whether a name that is no folder can only be meant as one: a hub id is `owner/name`."""
    if where.startswith((".", "/", "~")):
        return True
    return where.count("/") != 1 and ("/" in where or "." in where)


def _linear(folder: Path, task: Task) -> Predictor:
    predictor = load_linear(folder)
    if predictor.pair != (task == "pair"):
        trained = "pair" if predictor.pair else "classification"
        raise UserError(f"trained for the task {trained!r}, not {task!r}", file=folder)
    return predictor


def _check_task(kind: str, task: Task, folder: Path) -> None:
    fitting = {
        LinearTrainer.name: ("classification", "pair"),
        CrfTrainer.name: ("tokens",),
        TRANSFORMERS: ("classification", "pair", "tokens", "qa", "text"),
        KIND: ("classification", "pair", "tokens", "qa", "text"),
    }
    if kind not in fitting:
        raise UserError(f"no kind of predictor {kind!r}", file=folder, choices=fitting)
    if task not in fitting[kind]:
        raise UserError(f"a predictor of the kind {kind!r} is not for {task!r}", file=folder)
