"""The setup of a training run, and the layout of its work folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from augmentation.train_translator.config import TrainTranslatorConfig
from corpora.shards import ShardRef, sidecar_of

CLEAN_STEP, SUBWORDS_STEP = "10-clean", "20-subwords"
ALIGN_STEP, EXAMPLES_STEP = "30-align", "40-examples"
TRAIN_STEP, CONVERT_STEP = "50-train", "60-convert"
MODEL_FILES = frozenset(
    {
        "README.md", "config.json", "curves.svg", "labelferry.json", "model.bin",
        "shared_vocabulary.json", "source.spm", "target.spm",
    }
)  # fmt: skip
"""What the folder of a trained model holds."""


def checksums(shards: Sequence[ShardRef]) -> list[str]:
    """The checksums on record of `shards`, which are done."""
    return [sidecar_of(shard).checksum for shard in shards]


@dataclass(frozen=True, slots=True)
class TrainSetup:
    """What a training run is made of.

    `work` keeps what the steps make, `out` will be the model's folder. `device`, `threads` and
    `max_seconds` (of training, in this run) do not decide what is learned.
    """

    config: TrainTranslatorConfig
    work: Path
    out: Path
    device: str = "auto"
    threads: int | None = None
    max_seconds: float | None = None

    @property
    def clean(self) -> list[ShardRef]:
        """The clean bitext, one shard per corpus."""
        return self._shards(CLEAN_STEP)

    @property
    def aligned(self) -> list[ShardRef]:
        """The clean bitext with word links."""
        return self._shards(ALIGN_STEP)

    def _shards(self, step: str) -> list[ShardRef]:
        return [ShardRef(self.work, step, index) for index in range(len(self.config.bitext))]

    @property
    def subwords(self) -> Path:
        """The joint SentencePiece model."""
        return self.work / SUBWORDS_STEP / "subwords.model"

    @property
    def examples(self) -> ShardRef:
        """What is trained on."""
        return ShardRef(self.work, EXAMPLES_STEP, 0)

    @property
    def model(self) -> Path:
        """The trained model as `transformers` reads it."""
        return self.work / TRAIN_STEP / "model"

    @property
    def converted(self) -> Path:
        """The model as it ships, without its card."""
        return self.work / CONVERT_STEP / "model"

    @property
    def exact(self) -> Path:
        """The same model in float32."""
        return self.work / CONVERT_STEP / "float32"

    @property
    def history(self) -> Path:
        """How training went, as JSON."""
        return self.work / TRAIN_STEP / "history.json"
