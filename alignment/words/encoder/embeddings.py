"""Contextual embeddings of the pieces of a text, from a `transformers` encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpora.errors import MissingExtraError, UserError
from corpora.weights import check_weights

_LONGEST = 4096
"""Most pieces that are encoded together, even if the model allows more."""


@dataclass(frozen=True, slots=True)
class EmbeddedText:
    """Embeddings of a text's pieces, shape (pieces, size), and the pieces' offsets into it."""

    vectors: NDArray[np.float32]
    offsets: Sequence[tuple[int, int]]


class PieceEncoder:
    """Embeds the pieces of texts.

    `model` is a folder or hub id of an encoder (of an encoder-decoder, its encoder), in that
    `revision` of the hub, whose tokenizer must be a fast one, because offsets are needed. `layer`
    counts from 0, the input embeddings; negative ones from the end. `batch_size` windows are
    encoded together on `device`, as PyTorch names it. A text longer than the model takes is encoded
    in overlapping windows. Raises `MissingExtraError` without the `torch` extra and `UserError` for
    a model that does not fit.
    """

    def __init__(
        self, model: str, layer: int, batch_size: int, device: str, revision: str | None
    ) -> None:
        if _is_path(model) and not Path(model).is_dir():
            raise UserError("no such folder", file=model)
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError("the encoder aligner", "torch") from error
        self._torch = torch
        self._batch_size = batch_size
        check_weights(model, revision)
        try:
            # Code that comes with a model must never run, and there must be no prompt to allow it.
            self._tokenizer = AutoTokenizer.from_pretrained(
                model, revision=revision, trust_remote_code=False, use_fast=True
            )
            loaded = AutoModel.from_pretrained(
                model, revision=revision, trust_remote_code=False, use_safetensors=True
            )
        except Exception as error:  # a damaged file raises anything
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"cannot load the encoder '{model}': {reason}") from error
        if not self._tokenizer.is_fast:
            raise UserError(f"the tokenizer of '{model}' gives no offsets")
        if loaded.config.is_encoder_decoder:
            loaded = loaded.get_encoder()
        self._encoder = loaded.to(device).eval()
        self._device = device
        layers = int(loaded.config.num_hidden_layers)
        if not -layers - 1 <= layer <= layers:
            raise UserError(f"'{model}' has layers 0 to {layers}, not {layer}")
        self._layer = layer
        self._before, self._after = self._special_tokens()
        self._window = self._longest() - len(self._before) - len(self._after)

    def _longest(self) -> int:
        """Pieces that the model takes at once, special tokens included."""
        config = self._encoder.config
        longest = min(int(self._tokenizer.model_max_length), _LONGEST)
        positions = getattr(config, "max_position_embeddings", None)
        if not positions:
            return longest
        # RoBERTa's positions start after the padding number.
        offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
        return min(longest, int(positions) - offset)

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before and after a text."""
        bare = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        whole = self._tokenizer("a")["input_ids"]
        for start in range(len(whole) - len(bare) + 1):
            if whole[start : start + len(bare)] == bare:
                return whole[:start], whole[start + len(bare) :]
        raise UserError("the tokenizer changes a text when it adds its special tokens")

    def embed(self, texts: Sequence[str]) -> list[EmbeddedText]:
        """The embeddings of all `texts`, in order; where windows overlap, their mean."""
        if not texts:
            return []
        pieces = self._tokenizer(
            list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        size = int(self._encoder.config.hidden_size)
        lengths = [len(ids) for ids in pieces["input_ids"]]
        chunks: list[tuple[int, int, int]] = []
        for text, length in enumerate(lengths):
            chunks.extend((text, start, end) for start, end in windows(length, self._window))
        sums = [np.zeros((length, size), np.float32) for length in lengths]
        counts = [np.zeros((length, 1), np.float32) for length in lengths]
        chunks.sort(key=lambda chunk: chunk[2] - chunk[1])
        for at in range(0, len(chunks), self._batch_size):
            batch = chunks[at : at + self._batch_size]
            ids = [pieces["input_ids"][text][start:end] for text, start, end in batch]
            for (text, start, end), states in zip(batch, self._run(ids), strict=True):
                sums[text][start:end] += states
                counts[text][start:end] += 1.0
        return [
            EmbeddedText(
                (total / np.maximum(count, 1.0)).astype(np.float32),
                [(start, end) for start, end in offsets],
            )
            for total, count, offsets in zip(sums, counts, pieces["offset_mapping"], strict=True)
        ]

    def _run(self, ids: list[list[int]]) -> list[NDArray[np.float32]]:
        """States of the chosen layer, without those of the special tokens around each text."""
        torch = self._torch
        before, after = self._before, self._after
        longest = max(map(len, ids))
        padding = self._tokenizer.pad_token_id or 0
        rows = [[*before, *text, *after] + [padding] * (longest - len(text)) for text in ids]
        mask = torch.zeros(len(rows), len(rows[0]), dtype=torch.long)
        for row, text in zip(mask, ids, strict=True):
            row[: len(before) + len(text) + len(after)] = 1
        with torch.inference_mode():
            hidden = self._encoder(
                input_ids=torch.tensor(rows, device=self._device),
                attention_mask=mask.to(self._device),
                output_hidden_states=True,
            ).hidden_states[self._layer]
        states = hidden.float().cpu().numpy()
        start = len(before)
        return [row[start : start + len(text)] for row, text in zip(states, ids, strict=True)]


def _is_path(model: str) -> bool:
    """Whether `model` cannot be a hub id, which is a name or owner/name."""
    return Path(model).exists() or model.count("/") > 1 or model.startswith(("/", "./", "../", "~"))


def windows(length: int, size: int) -> list[tuple[int, int]]:
    """Half-overlapping stretches [start, end) of at most `size` that cover `length` pieces."""
    if length == 0:
        return []
    if length <= size:
        return [(0, length)]
    step = max(size // 2, 1)
    starts = [*range(0, length - size, step), length - size]
    return [(start, start + size) for start in starts]
