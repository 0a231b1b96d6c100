"""Checkpoints: weights, optimizer state and position, written whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from corpora.errors import UserError


@dataclass(slots=True)
class Progress:
    """The position of training: the next batch, and what was measured so far."""

    step: int = 0
    pool: int = 0
    batch: int = 0
    seconds: float = 0.0
    target_tokens: int = 0
    best_chrf: float = -1.0
    best_step: int = 0
    losses: list[tuple[int, float]] = field(default_factory=list)
    """(step, mean loss per target piece since the last entry)."""
    validations: list[dict[str, float]] = field(default_factory=list)
    """One entry per validation: `step`, `seconds`, `chrf`, and what the validator gives."""


def _flatten(state: dict[str, Any], names: list[str]) -> dict[str, Tensor]:
    flat = {}
    for index, values in state.items():
        for key, value in values.items():
            tensor = value if isinstance(value, Tensor) else torch.tensor(float(value))
            flat[f"{key}|{names[int(index)]}"] = tensor.detach().cpu().contiguous().clone()
    return flat


def optimizer_tensors(
    optimizers: dict[str, torch.optim.Optimizer], names: dict[int, str]
) -> dict[str, Tensor]:
    """The state of all `optimizers` as named tensors; `names` maps `id(parameter)` to its name."""
    flat: dict[str, Tensor] = {}
    for kind, optimizer in optimizers.items():
        order = [names[id(p)] for group in optimizer.param_groups for p in group["params"]]
        for key, tensor in _flatten(optimizer.state_dict()["state"], order).items():
            flat[f"{kind}|{key}"] = tensor
    return flat


def restore_optimizers(
    optimizers: dict[str, torch.optim.Optimizer],
    names: dict[int, str],
    tensors: dict[str, Tensor],
) -> None:
    """Give `optimizers` the state in `tensors`, which `optimizer_tensors` made with `names`."""
    for kind, optimizer in optimizers.items():
        order = [names[id(p)] for group in optimizer.param_groups for p in group["params"]]
        numbers = {name: index for index, name in enumerate(order)}
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            owner, field_name, name = key.split("|")
            if owner == kind:
                state.setdefault(numbers[name], {})[field_name] = tensor
        optimizer.load_state_dict(
            {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
        )


class Checkpoints:
    """The folder `checkpoints/` of a training run: `step-00001000/` and so on."""

    def __init__(self, folder: Path, fingerprint: str, keep: int, every: int) -> None:
        """The checkpoints in `folder` of the run that `fingerprint` identifies.

        The last `keep` can be resumed from, at least 2. Checkpoints of a whole multiple of `every`
        steps are the regular ones: others were written where a run was interrupted.
        """
        self._folder = folder
        self._fingerprint = fingerprint
        self._keep = max(keep, 2)
        self._every = every

    def save(
        self, progress: Progress, weights: dict[str, Tensor], optimizer: dict[str, Tensor]
    ) -> None:
        """Write a checkpoint of `progress`, `weights` and the state of the `optimizer`.

        The one before stays until this one is whole.
        Raises `UserError` when the disk is full or not writable; earlier checkpoints stay.
        """
        final = self._folder / f"step-{progress.step:08d}"
        temporary = self._folder / f".step-{progress.step:08d}.tmp"
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            safetensors.torch.save_file(weights, temporary / "model.safetensors")
            safetensors.torch.save_file(optimizer, temporary / "optimizer.safetensors")
            state = {"fingerprint": self._fingerprint, "progress": asdict(progress)}
            (temporary / "state.json").write_text(json.dumps(state), encoding="utf-8")
            shutil.rmtree(final, ignore_errors=True)
            temporary.replace(final)
        except (OSError, safetensors.SafetensorError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            last = self.steps()[-1:] or ["none"]
            raise UserError(
                f"cannot write a checkpoint ({error}); the last good one is {last[0]}",
                file=self._folder,
            ) from error
        folders = self.folders()
        for folder in folders[: -self._keep]:
            # Without its optimizer state a checkpoint can still be averaged.
            (folder / "optimizer.safetensors").unlink(missing_ok=True)
            if folder not in (*folders[-self._keep - 4 :], *self._regular(folders)[-self._keep :]):
                shutil.rmtree(folder, ignore_errors=True)

    def _regular(self, folders: Sequence[Path]) -> list[Path]:
        return [f for f in folders if int(f.name.removeprefix("step-")) % self._every == 0]

    def folders(self) -> list[Path]:
        """Whole checkpoints, oldest first."""
        return sorted(p for p in self._folder.glob("step-*") if (p / "state.json").is_file())

    def steps(self) -> list[str]:
        """Their names, oldest first."""
        return [folder.name for folder in self.folders()]

    def load(self) -> tuple[Progress, dict[str, Tensor], dict[str, Tensor]] | None:
        """The last checkpoint, or None.

        Raises `UserError` when it was made by another configuration or is corrupt.
        """
        for folder in reversed(self.folders()):
            if not (folder / "optimizer.safetensors").is_file():
                continue
            with _whole(folder):
                state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
                fingerprint, progress = state["fingerprint"], Progress(**state["progress"])
            if fingerprint != self._fingerprint:
                raise UserError(
                    "this checkpoint was made with another configuration or other data; "
                    "use another --out, or delete the folder",
                    file=folder,
                )
            return progress, _tensors(folder, "model"), _tensors(folder, "optimizer")
        return None

    def average(self, count: int) -> dict[str, Tensor]:
        """The mean of the weights of `count` checkpoints: the last, and regular ones before it."""
        *before, last = self.folders()
        folders = [*self._regular(before), last][-count:]
        total: dict[str, Tensor] = {}
        for folder in folders:
            for name, tensor in _tensors(folder, "model").items():
                total[name] = total[name] + tensor if name in total else tensor.clone()
        return {name: tensor / len(folders) for name, tensor in total.items()}


def _tensors(folder: Path, name: str) -> dict[str, Tensor]:
    with _whole(folder):
        tensors: dict[str, Tensor] = safetensors.torch.load_file(folder / f"{name}.safetensors")
    return tensors


@contextmanager
def _whole(folder: Path) -> Iterator[None]:
    """Turn the errors of a corrupt checkpoint into a `UserError` that says what to do."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise UserError(
            f"this checkpoint is damaged ({error}); delete it, and training continues from the one "
            "before",
            file=folder,
        ) from error
