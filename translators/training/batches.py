"""Examples of like length, padded into one batch of tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from translators.training.config import padded_width
from translators.training.examples import Example


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded ids and the links as flat indices.

    `source` (b, w), `target` (b, w) with end of sentence, `decoder_input` (b, w) shifted right;
    `link_rows`, `link_targets`, `link_sources`, `link_weights` (n,): the weights of one target
    piece sum to 1.
    """

    source: Tensor
    source_lengths: Tensor
    decoder_input: Tensor
    target: Tensor
    target_mask: Tensor
    link_rows: Tensor
    link_targets: Tensor
    link_sources: Tensor
    link_weights: Tensor

    def to(self, device: torch.device) -> Batch:
        """The batch on `device`."""
        return Batch(*(getattr(self, name).to(device) for name in self.__slots__))


def _pad_ids(rows: Sequence[Sequence[int]], pad: int, width: int) -> np.ndarray:
    ids = np.full((len(rows), width), pad, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    return ids


def collate(examples: Sequence[Example], pad: int) -> Batch:
    """Pad `examples` into one batch; the decoder starts from `pad`."""
    width = padded_width(max(len(e) for e in examples))
    target = _pad_ids([e.target for e in examples], pad, width)
    decoder_input = np.full_like(target, pad)
    decoder_input[:, 1:] = target[:, :-1]
    links = np.array(
        [(row, t, s) for row, e in enumerate(examples) for t, s in e.links], dtype=np.int64
    ).reshape(-1, 3)
    key = links[:, 0] * target.shape[1] + links[:, 1]
    counts = np.bincount(key, minlength=1)
    weights = (1.0 / counts[key]).astype(np.float32) if len(key) else np.zeros(0, np.float32)
    return Batch(
        source=torch.from_numpy(_pad_ids([e.source for e in examples], pad, width)),
        source_lengths=torch.tensor([len(e.source) for e in examples]),
        decoder_input=torch.from_numpy(decoder_input),
        target=torch.from_numpy(target),
        target_mask=torch.from_numpy(target != pad),
        link_rows=torch.from_numpy(links[:, 0].copy()),
        link_targets=torch.from_numpy(links[:, 1].copy()),
        link_sources=torch.from_numpy(links[:, 2].copy()),
        link_weights=torch.from_numpy(weights),
    )
