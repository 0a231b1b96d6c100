"""Training a translator: configuration, and the steps from clean bitext to a model folder."""

from __future__ import annotations

from augmentation.bitext import (
    AlignmentConfig,
    BitextSource,
    CleaningConfig,
    align_bitext,
    make_subwords,
    read_and_clean,
    read_dev,
    set_apart,
    word_offsets,
)

__all__ = [
    "AlignmentConfig",
    "BitextSource",
    "CleaningConfig",
    "align_bitext",
    "make_subwords",
    "read_and_clean",
    "read_dev",
    "set_apart",
    "word_offsets",
]
