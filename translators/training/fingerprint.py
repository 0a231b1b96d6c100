"""The identity of a training run, so that it never continues from a checkpoint of another."""

from __future__ import annotations

import hashlib
import json

from translators.marian_folder import StartingPoint
from translators.training.config import LENGTH_OF_A_RUN, TrainingConfig
from translators.training.data import TrainingData


def run_fingerprint(config: TrainingConfig, data: TrainingData, start: StartingPoint | None) -> str:
    """The run that a checkpoint belongs to: `config` (except how long it is to run), the bytes of
    `data`, and those of the weights of `start`, None where training starts from nothing."""
    digest = hashlib.blake2b(digest_size=16)
    decisive = config.model_dump(exclude=set(LENGTH_OF_A_RUN))
    if not config.noise.masks:  # runs that began before there was this setting go on
        del decisive["noise"]["masks"]
    digest.update(json.dumps(decisive, sort_keys=True).encode())
    for path in (data.bitext, data.subwords, *([start.weights] if start else ())):
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                digest.update(block)
    tags = sorted(data.forward_tags.items())
    digest.update(repr((tags, data.backward_tag, data.markers)).encode())
    return digest.hexdigest()
