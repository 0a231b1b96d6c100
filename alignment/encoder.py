"""Word alignment by the similarity of contextual embeddings, from any `transformers` encoder.

`argmax` and `itermax` are SimAlign's (Jalili Sabet et al. 2020), `softmax` and `transport`
AWESOME's (Dou & Neubig 2021): the links that both directions find likely, respectively entropic
optimal transport between the two sentences' pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alignment.protocol import Posteriors, WordAlignment, WordPair, Words
from alignment.symmetrize import posteriors_from_links, weighted
from corpora.errors import MissingExtraError, UserError

Floats = NDArray[np.float32]
METHODS = ("argmax", "itermax", "softmax", "transport")
_ITERMAX_DISCOUNT = 0.9
_ITERMAX_ROUNDS = 2
_THRESHOLDS = {"softmax": 1e-3, "transport": 0.1}
"""Links are what is above in both directions; the other methods give links themselves."""
_TRANSPORT_REGULARIZATION = 0.1
_TRANSPORT_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Piece-level probabilities of one pair, and which piece touches which word."""

    forward: Floats
    reverse: Floats
    of_source: NDArray[np.bool_]
    of_target: NDArray[np.bool_]

    def words(self) -> Posteriors:
        """A word takes the mean over its pieces of what they give to the other word's pieces."""
        source, target = self.of_source.astype(np.float32), self.of_target.astype(np.float32)
        split_source = source / np.maximum(source.sum(axis=1, keepdims=True), 1.0)
        split_target = target / np.maximum(target.sum(axis=1, keepdims=True), 1.0)
        mean_source = source / np.maximum(source.sum(axis=0, keepdims=True), 1.0)
        mean_target = target / np.maximum(target.sum(axis=0, keepdims=True), 1.0)
        forward = split_source.T @ self.forward @ mean_target
        reverse = mean_source.T @ self.reverse @ split_target
        return Posteriors(
            np.clip(forward, 0.0, 1.0).astype(np.float32),
            np.clip(reverse, 0.0, 1.0).astype(np.float32),
        )


def _is_path(model: str) -> bool:
    """Whether `model` cannot be a hub id, which is a name or owner/name."""
    return Path(model).exists() or model.count("/") > 1 or model.startswith(("/", "./", "../", "~"))


class EncoderAligner:
    """Aligns words whose contextual embeddings are alike.

    `model` is a folder or hub id of an encoder (of an encoder-decoder, its encoder), whose
    tokenizer must be a fast one, because offsets are needed. `layer` counts from 0, the input
    embeddings; negative ones from the end. A sentence longer than the model takes is encoded in
    overlapping windows. Raises `MissingExtraError` without the `torch` extra and `UserError` for
    a model that does not fit.
    """

    name = "encoder"

    def __init__(
        self,
        model: str,
        layer: int = 8,
        method: str = "softmax",
        batch_size: int = 32,
        device: str = "cpu",
        revision: str | None = None,
    ) -> None:
        if method not in METHODS:
            raise UserError(f"unknown extraction '{method}'", choices=METHODS)
        if _is_path(model) and not Path(model).is_dir():
            raise UserError("no such folder", file=model)
        try:
            import torch
            from transformers import AutoModel, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError("the encoder aligner", "torch") from error
        self._torch = torch
        self._method = method
        self._batch_size = batch_size
        try:
            # Nobody is asked whether code that comes with a model may run: it may not.
            self._tokenizer = AutoTokenizer.from_pretrained(
                model, revision=revision, trust_remote_code=False, use_fast=True
            )
            loaded = AutoModel.from_pretrained(
                model, revision=revision, trust_remote_code=False, use_safetensors=True
            )
        except (OSError, ValueError) as error:
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
        self._around = self._special_tokens()
        self._window = self._longest() - sum(map(len, self._around))

    def _longest(self) -> int:
        config = self._encoder.config
        limits = [int(self._tokenizer.model_max_length)]
        positions = getattr(config, "max_position_embeddings", None)
        if positions:
            # RoBERTa's positions start after the padding number.
            offset = (config.pad_token_id or 0) + 1 if "roberta" in config.model_type else 0
            limits.append(int(positions) - offset)
        return min(*limits, 4096) if len(limits) > 1 else min(limits[0], 4096)

    def align(self, pairs: Sequence[WordPair]) -> list[WordAlignment]:
        """The links of every pair as the chosen method defines them: words of linked pieces."""
        result = []
        for pieces in self._extract(pairs):
            soft = self._method in _THRESHOLDS
            limit = _THRESHOLDS.get(self._method, 0.5)
            links = ((pieces.forward > limit) & (pieces.reverse > limit)).astype(np.float32)
            linked = pieces.of_source.T.astype(np.float32) @ links @ pieces.of_target > 0
            found = np.argwhere(linked).astype(np.int32)
            weights = np.ones(len(found), np.float32)
            if soft:
                mean = weighted(pieces.words())[found[:, 0], found[:, 1]]
                weights = np.clip(mean, 1e-6, 1.0)
            result.append(WordAlignment(found, weights))
        return result

    def posteriors(self, pairs: Sequence[WordPair]) -> list[Posteriors]:
        """Link probabilities; of `argmax` and `itermax`, their links shared out."""
        if self._method in _THRESHOLDS:
            return [pieces.words() for pieces in self._extract(pairs)]
        return [
            posteriors_from_links(links, len(pair.source.offsets), len(pair.target.offsets))
            for links, pair in zip(self.align(pairs), pairs, strict=True)
        ]

    def _extract(self, pairs: Sequence[WordPair]) -> Iterator[_Pieces]:
        sides = [words for pair in pairs for words in (pair.source, pair.target)]
        encoded = self._encode([words.text for words in sides])
        for index in range(0, len(sides), 2):
            (source, source_at), (target, target_at) = encoded[index], encoded[index + 1]
            forward, reverse = self._between(source, target)
            of_source = _membership(source_at, sides[index])
            yield _Pieces(forward, reverse, of_source, _membership(target_at, sides[index + 1]))

    def _between(self, source: Floats, target: Floats) -> tuple[Floats, Floats]:
        if self._method == "softmax":
            return softmax_both(source @ target.T)
        similarity = _unit(source) @ _unit(target).T
        if self._method == "transport":
            return transport(similarity)
        found = argmax(similarity) if self._method == "argmax" else itermax(similarity)
        return found, found

    def _encode(self, texts: Sequence[str]) -> list[tuple[Floats, list[tuple[int, int]]]]:
        """Embeddings (pieces, size) and offsets of the pieces of every text."""
        chunks: list[tuple[int, int, int]] = []
        pieces = (
            self._tokenizer(
                list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False
            )
            if texts
            else {"input_ids": [], "offset_mapping": []}
        )
        size = int(self._encoder.config.hidden_size)
        lengths = [len(ids) for ids in pieces["input_ids"]]
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
            ((total / np.maximum(count, 1.0)).astype(np.float32), [(a, b) for a, b in offsets])
            for total, count, offsets in zip(sums, counts, pieces["offset_mapping"], strict=True)
        ]

    def _run(self, ids: list[list[int]]) -> list[Floats]:
        """States of the wanted layer, without those of the special tokens around each text."""
        torch = self._torch
        before, after = self._around
        longest = max(map(len, ids))
        padding = self._tokenizer.pad_token_id or 0
        rows = [[*before, *one, *after] + [padding] * (longest - len(one)) for one in ids]
        mask = torch.zeros(len(rows), len(rows[0]), dtype=torch.long)
        for row, one in zip(mask, ids, strict=True):
            row[: len(before) + len(one) + len(after)] = 1
        with torch.inference_mode():
            states = self._encoder(
                input_ids=torch.tensor(rows, device=self._device),
                attention_mask=mask.to(self._device),
                output_hidden_states=True,
            ).hidden_states[self._layer]
        found = states.float().cpu().numpy()
        start = len(before)
        return [row[start : start + len(one)] for row, one in zip(found, ids, strict=True)]

    def _special_tokens(self) -> tuple[list[int], list[int]]:
        """What the tokenizer puts before and after a text."""
        bare = self._tokenizer("a", add_special_tokens=False)["input_ids"]
        whole = self._tokenizer("a")["input_ids"]
        for start in range(len(whole) - len(bare) + 1):
            if whole[start : start + len(bare)] == bare:
                return whole[:start], whole[start + len(bare) :]
        raise UserError("the tokenizer changes a text when it adds its special tokens")


def windows(length: int, size: int) -> list[tuple[int, int]]:
    """Half-overlapping stretches of at most `size` that cover `length` pieces."""
    if length == 0:
        return []
    if length <= size:
        return [(0, length)]
    step = max(size // 2, 1)
    starts = [*range(0, length - size, step), length - size]
    return [(start, start + size) for start in starts]


def _unit(vectors: Floats) -> Floats:
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norm, 1e-9), dtype=np.float32)


def argmax(similarity: Floats) -> Floats:
    """Links that are the best of their row and of their column, 0 or 1, shape as given."""
    links = np.zeros_like(similarity)
    if similarity.size:
        rows = np.arange(len(similarity))
        best = similarity.argmax(axis=1)
        mutual = similarity.argmax(axis=0)[best] == rows
        links[rows[mutual], best[mutual]] = 1.0
    return links


def itermax(similarity: Floats) -> Floats:
    """`argmax`, then again for what is unlinked; linked pieces may link again, at a discount."""
    links = argmax(similarity)
    for _ in range(_ITERMAX_ROUNDS - 1):
        rows = np.asarray(links.any(axis=1))[:, None]
        columns = np.asarray(links.any(axis=0))[None, :]
        if rows.all() or columns.all():
            break
        allowed = np.where(rows & columns, 0.0, np.where(rows | columns, _ITERMAX_DISCOUNT, 1.0))
        found = argmax((similarity + 1.0) * allowed) * (allowed > 0)
        if not (found > links).any():
            break
        links = np.maximum(links, found)
    return links


def softmax_both(similarity: Floats) -> tuple[Floats, Floats]:
    """Softmax over source pieces (columns sum to 1) and over target pieces (rows sum to 1)."""
    if not similarity.size:
        return similarity, similarity
    down = np.exp(similarity - similarity.max(axis=0, keepdims=True))
    across = np.exp(similarity - similarity.max(axis=1, keepdims=True))
    return down / down.sum(axis=0, keepdims=True), across / across.sum(axis=1, keepdims=True)


def transport(similarity: Floats) -> tuple[Floats, Floats]:
    """The plan that moves one sentence's pieces onto the other's, seen from both sides."""
    if not similarity.size:
        return similarity, similarity
    kernel = np.exp((similarity.astype(np.float64) - 1.0) / _TRANSPORT_REGULARIZATION)
    rows, columns = similarity.shape
    left, right = np.ones(rows), np.ones(columns)
    for _ in range(_TRANSPORT_ROUNDS):
        left = (1.0 / rows) / np.maximum(kernel @ right, 1e-300)
        right = (1.0 / columns) / np.maximum(kernel.T @ left, 1e-300)
    plan = left[:, None] * kernel * right[None, :]
    forward = plan / np.maximum(plan.sum(axis=0, keepdims=True), 1e-300)
    reverse = plan / np.maximum(plan.sum(axis=1, keepdims=True), 1e-300)
    return forward.astype(np.float32), reverse.astype(np.float32)


def _membership(pieces: Sequence[tuple[int, int]], words: Words) -> NDArray[np.bool_]:
    """Which piece touches which word, shape (pieces, words)."""
    first = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    second = np.array(words.offsets, dtype=np.int64).reshape(-1, 2)
    begins = np.maximum(first[:, None, 0], second[None, :, 0])
    ends = np.minimum(first[:, None, 1], second[None, :, 1])
    return ends > begins
