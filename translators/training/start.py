"""The weights that training starts from, adapted to other subwords and more layers."""

from __future__ import annotations

import safetensors.torch
import torch
from sentencepiece import SentencePieceProcessor
from torch import Tensor

from translators.ct2_weights import marian_weights
from translators.marian_folder import EMBEDDINGS, LAYER, StartingPoint
from translators.pieces.codec import CONTROL_PIECE, SPACE
from translators.training.config import ModelShape


def starting_weights(
    start: StartingPoint, subwords: SentencePieceProcessor, shape: ModelShape
) -> dict[str, Tensor]:
    """The weights of `start` by the names of `MarianMTModel`, for `subwords` and `shape`.

    A piece that `start` lacks gets the mean of the embeddings of those that it would be cut into.
    Where `shape` has more layers, those on top nearly pass their input on, and have yet to
    learn (Chen et al., 2016, "Net2Net"); but the last layer of the decoder, whose
    attention is the alignment, stays the last. Raises `UserError` for another shape; see
    `StartingPoint.check`.
    """
    start.check(shape)
    if start.weights.suffix == ".bin":
        weights = {n: torch.tensor(array) for n, array in marian_weights(start.weights).items()}
    else:
        weights = safetensors.torch.load_file(start.weights)
    old = SentencePieceProcessor(model_file=str(start.subwords))
    if old.serialized_model_proto() != subwords.serialized_model_proto():
        weights[EMBEDDINGS] = _embeddings(weights[EMBEDDINGS], old, subwords)
    weights.pop("final_logits_bias", None)  # zeros alone, one per piece of the old subwords
    depths = {"encoder": shape.encoder_layers, "decoder": shape.decoder_layers}
    return _deepened(weights, depths)


def _embeddings(
    embeddings: Tensor, old: SentencePieceProcessor, new: SentencePieceProcessor
) -> Tensor:
    """Rows for the pieces of `new`, and the row of `<pad>` after them."""
    pieces = [new.id_to_piece(i) for i in range(new.get_piece_size())]
    tags = [i for i in range(old.get_piece_size()) if old.id_to_piece(i).startswith(">>")]
    rows = []
    for piece in pieces:
        ids = [old.piece_to_id(piece)]
        if old.id_to_piece(ids[0]) != piece:
            is_tag = CONTROL_PIECE.fullmatch(piece) is not None
            ids = tags if is_tag and tags else _cut(piece, old)
        rows.append(embeddings[ids].mean(dim=0))
    return torch.stack([*rows, embeddings[-1]])


def _cut(piece: str, old: SentencePieceProcessor) -> list[int]:
    text = piece.replace(SPACE, " ").strip()
    ids: list[int] = old.encode(text or piece)
    # A piece inside a word has no space before it, as the beginning of a text has.
    if len(ids) > 1 and not piece.startswith(SPACE) and old.id_to_piece(ids[0]) == SPACE:
        ids = ids[1:]
    return ids or [old.unk_id()]


def _deepened(weights: dict[str, Tensor], depths: dict[str, int]) -> dict[str, Tensor]:
    """The `weights` with as many layers on each side as `depths` says."""
    layers: dict[str, list[dict[str, Tensor]]] = {}
    deepened = {name: value for name, value in weights.items() if not LAYER.fullmatch(name)}
    for side, depth in depths.items():
        trained = _layers(weights, side)
        below = trained if side == "encoder" else trained[:-1]
        added = [_identity_layer((below or trained)[-1])] * (depth - len(trained))
        layers[side] = [*below, *added, *trained[len(below) :]]
    for side, stack in layers.items():
        for index, layer in enumerate(stack):
            for name, value in layer.items():
                deepened[f"model.{side}.layers.{index}.{name}"] = value.clone()
    return deepened


def _layers(weights: dict[str, Tensor], side: str) -> list[dict[str, Tensor]]:
    layers: dict[int, dict[str, Tensor]] = {}
    for name, value in weights.items():
        match = LAYER.fullmatch(name)
        if match is not None and match[1] == side:
            layers.setdefault(int(match[2]), {})[match[3]] = value
    return [layers[index] for index in sorted(layers)]


def _identity_layer(below: dict[str, Tensor]) -> dict[str, Tensor]:
    """A layer of the shape of `below` that adds nothing to its input.

    Its norms undo themselves: `below` gives g * z + b with z of unit variance, which has about the
    variance mean(g ** 2) + var(b) and the mean of b, and these are what they scale and shift by.
    """
    scale, shift = below["final_layer_norm.weight"], below["final_layer_norm.bias"]
    norm = {
        "weight": torch.full_like(scale, float((scale.square().mean() + shift.var()).sqrt())),
        "bias": torch.full_like(shift, float(shift.mean())),
    }
    layer = {}
    for name, value in below.items():
        if name.startswith("fc2.") or ".out_proj." in name:
            value = torch.zeros_like(value)
        elif "layer_norm." in name:
            value = norm[name.rpartition(".")[2]]
        layer[name] = value
    return layer
