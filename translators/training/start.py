"""The weights that training goes on from, made to fit other subwords and more layers."""

from __future__ import annotations

import re

import safetensors.torch
import torch
from sentencepiece import SentencePieceProcessor
from torch import Tensor

from corpora.errors import UserError
from translators.ct2_weights import marian_weights
from translators.marian_folder import StartingPoint
from translators.pieces import CONTROL_PIECE, SPACE
from translators.training.config import ModelShape

_EMBEDDINGS = "model.shared.weight"
_LAYER = re.compile(r"model\.(encoder|decoder)\.layers\.(\d+)\.(.+)")


def starting_weights(
    start: StartingPoint, subwords: SentencePieceProcessor, shape: ModelShape
) -> dict[str, Tensor]:
    """The weights of `start` by the names of `MarianMTModel`, for `subwords` and `shape`.

    A piece that `start` does not know gets the mean of the embeddings of those that it would be cut
    into. Where `shape` has more layers, each of `start` is repeated (Gong et al., 2019, "Efficient
    training of BERT by progressively stacking"). Raises `UserError` where it has fewer.
    """
    if start.weights.suffix == ".bin":
        weights = {n: torch.tensor(array) for n, array in marian_weights(start.weights).items()}
    else:
        weights = safetensors.torch.load_file(start.weights)
    old = SentencePieceProcessor(model_file=str(start.subwords))
    if old.serialized_model_proto() != subwords.serialized_model_proto():
        weights[_EMBEDDINGS] = _embeddings(weights[_EMBEDDINGS], old, subwords)
    wanted = {"encoder": shape.encoder_layers, "decoder": shape.decoder_layers}
    return _repeated(weights, wanted, start)


def _embeddings(known: Tensor, old: SentencePieceProcessor, new: SentencePieceProcessor) -> Tensor:
    """Rows for the pieces of `new`, and the row of `<pad>` after them."""
    pieces = [new.id_to_piece(i) for i in range(new.get_piece_size())]
    tags = [i for i in range(old.get_piece_size()) if old.id_to_piece(i).startswith(">>")]
    rows = []
    for piece in pieces:
        ids = [old.piece_to_id(piece)]
        if old.id_to_piece(ids[0]) != piece:
            is_tag = CONTROL_PIECE.fullmatch(piece) is not None
            ids = tags if is_tag and tags else _cut(piece, old)
        rows.append(known[ids].mean(dim=0))
    return torch.stack([*rows, known[-1]])


def _cut(piece: str, old: SentencePieceProcessor) -> list[int]:
    text = piece.replace(SPACE, " ").strip()
    ids: list[int] = old.encode(text or piece)
    # A piece inside a word has no space before it, as the beginning of a text has.
    if len(ids) > 1 and not piece.startswith(SPACE) and old.id_to_piece(ids[0]) == SPACE:
        ids = ids[1:]
    return ids or [old.unk_id()]


def _repeated(
    weights: dict[str, Tensor], wanted: dict[str, int], start: StartingPoint
) -> dict[str, Tensor]:
    layers: dict[str, dict[int, dict[str, Tensor]]] = {side: {} for side in wanted}
    found = {}
    for name, value in weights.items():
        match = _LAYER.fullmatch(name)
        if match is None:
            found[name] = value
        else:
            layers[match[1]].setdefault(int(match[2]), {})[match[3]] = value
    for side, count in wanted.items():
        there = len(layers[side])
        if there > count:
            raise UserError(
                f"the model has {there} {side} layers, more than the {count} asked for",
                file=start.weights,
            )
        for index in range(count):
            for name, value in layers[side][index * there // count].items():
                found[f"model.{side}.layers.{index}.{name}"] = value
    return found
