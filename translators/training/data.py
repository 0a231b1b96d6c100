"""What a model is trained on: the bitext, its subwords and its language tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from translators.training.words import WordSplitter


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The files and functions that examples are made from.

    `bitext` is an Arrow IPC file with the columns `source`, `target` (string), `links`
    (list<int16>: flattened pairs of word indices), `direction` (`both`, `forward`, `backward`),
    `weight` (float: times seen per epoch) and `target_lang`. `forward_tags` has, by target
    language, the piece that opens a source to be translated into it, where there is one;
    `backward_tag` is that of the bitext's source language, None trains one direction only.
    """

    bitext: Path
    subwords: Path
    split_words: WordSplitter
    """An importable function: worker processes make the examples."""
    forward_tags: Mapping[str, str] = field(default_factory=dict)
    backward_tag: str | None = None
    markers: tuple[tuple[str, str], ...] = ()
