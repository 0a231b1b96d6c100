"""Where a shard is: its run, its step and its index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_STEP = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_PART = re.compile(r"part-(\d{5,})\.json")


@dataclass(frozen=True, slots=True, order=True)
class ShardRef:
    """Shard `index` (from 0) of `step` in the run folder `run`; its files need not exist."""

    run: Path
    step: str
    index: int

    def __post_init__(self) -> None:
        if not _STEP.fullmatch(self.step):
            raise ValueError(f"not a step name: {self.step!r}")
        if self.index < 0:
            raise ValueError(f"not a shard index: {self.index}")

    @property
    def folder(self) -> Path:
        """The step's folder."""
        return self.run / self.step

    @property
    def path(self) -> Path:
        """The Arrow file of the rows that were kept."""
        return self.folder / f"part-{self.index:05d}.arrow"

    @property
    def sidecar_path(self) -> Path:
        """The JSON file whose presence means that the shard is done."""
        return self.folder / f"part-{self.index:05d}.json"

    @property
    def dropped_path(self) -> Path:
        """The Arrow file of the rows that were dropped; it exists only where some were."""
        return self.folder / "dropped" / f"part-{self.index:05d}.arrow"

    def next(self, step: str) -> ShardRef:
        """The shard of the same index in another step."""
        return ShardRef(self.run, step, self.index)


def list_shards(run: Path, step: str) -> list[ShardRef]:
    """The shards of `step` in the run folder `run` that have a sidecar, by index."""
    folder = ShardRef(run, step, 0).folder
    if not folder.is_dir():
        return []
    matches = (_PART.fullmatch(path.name) for path in folder.iterdir())
    return sorted(ShardRef(run, step, int(match[1])) for match in matches if match)
