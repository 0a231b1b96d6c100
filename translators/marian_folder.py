"""A trained Marian model as the folder that `transformers` reads and `models add` converts."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sentencepiece

from corpora.errors import UserError
from corpora.storage import make_empty_folder, writing
from translators.ct2_weights import marian_heads, marian_weights
from translators.model_card import TRAINED_HERE
from translators.store import read_model, resolve

if TYPE_CHECKING:
    from transformers import MarianMTModel

    from translators.training.config import ModelShape

PAD = "<pad>"
WEIGHTS, CONVERTED, SUBWORDS = "model.safetensors", "model.bin", "source.spm"
EMBEDDINGS = "model.shared.weight"
LAYER = re.compile(r"model\.(encoder|decoder)\.layers\.(\d+)\.(.+)")
"""A weight of a layer, by the names of `MarianMTModel`: side, number, and what it is."""


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A model that training continues from: its weights (safetensors, or CTranslate2's model.bin)
    and the joint SentencePiece model that they were trained with."""

    weights: Path
    subwords: Path

    @classmethod
    def find(cls, model: Path) -> StartingPoint:
        """The starting point that `model` is: a folder that `train-translator` wrote, converted or
        not, or the name of a model.

        Raises `UserError` where there is no such model or it is of another kind.
        """
        folder = model if model.is_dir() else resolve(str(model)).path
        if (folder / CONVERTED).is_file():
            card = read_model(folder).card
            if card.origin != TRAINED_HERE:
                raise UserError(
                    "training continues only from models that train-translator made",
                    file=folder,
                )
            return cls(folder / CONVERTED, folder / card.source_tokenizer)
        for name in (WEIGHTS, SUBWORDS):
            if not (folder / name).is_file():
                raise UserError(f"no trained model: {name} is not there", file=folder)
        return cls(folder / WEIGHTS, folder / SUBWORDS)

    def check(self, shape: ModelShape) -> None:
        """Raise `UserError` where its weights cannot become those of a model of this shape.

        It may have fewer layers, but must match in all else.
        """
        shapes = self._shapes()
        rows, width = shapes[EMBEDDINGS]
        must_match = {"d_model": width, "heads": self._heads(), "ffn": _ffn(shapes)}
        for name, ours in must_match.items():
            required = getattr(shape, name)
            if ours is not None and ours != required:
                raise UserError(
                    f"the model has {name} {ours}, but the configuration has {required}",
                    file=self.weights,
                )
        depths = {"encoder": shape.encoder_layers, "decoder": shape.decoder_layers}
        for side, depth in depths.items():
            layers = {m[2] for m in map(LAYER.fullmatch, shapes) if m is not None and m[1] == side}
            if len(layers) > depth:
                raise UserError(
                    f"the model has {len(layers)} {side} layers, more than the {depth} of the "
                    "configuration",
                    file=self.weights,
                )
        pieces = self._pieces()
        if rows != pieces + 1:
            raise UserError(
                f"no model that train-translator made: {rows} embeddings, but {pieces} pieces "
                f"and {PAD}",
                file=self.weights,
            )

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the weights, by the names of `MarianMTModel`."""
        if self.weights.suffix == ".bin":
            shapes = {name: array.shape for name, array in marian_weights(self.weights).items()}
        else:
            shapes = _shapes_of_safetensors(self.weights)
        if len(shapes.get(EMBEDDINGS, ())) != 2:
            raise UserError(f"no trained model: it has no {EMBEDDINGS}", file=self.weights)
        return shapes

    def _heads(self) -> int | None:
        if self.weights.suffix == ".bin":
            return marian_heads(self.weights)
        try:
            config = json.loads(self.weights.with_name("config.json").read_text(encoding="utf-8"))
            heads = config.get("encoder_attention_heads")
        except (OSError, ValueError, RecursionError, AttributeError):
            return None
        return heads if isinstance(heads, int) else None

    def _pieces(self) -> int:
        try:
            processor = sentencepiece.SentencePieceProcessor(model_file=str(self.subwords))
        except RuntimeError as error:
            raise UserError("no SentencePiece model", file=self.subwords) from error
        return int(processor.get_piece_size())


def _ffn(shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    inner = shapes.get("model.encoder.layers.0.fc1.weight")
    return inner[0] if inner else None


def _shapes_of_safetensors(path: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as error:
        raise UserError(f"not whole safetensors ({error})", file=path) from error


def save_marian(
    model: MarianMTModel, subwords: Path, folder: Path, source: str, target: str
) -> None:
    """Write weights (safetensors), configuration and tokenizer files of `model` to
    `folder`, which is replaced.

    `source` and `target` are the languages that its tokenizer's configuration names. `subwords` is
    the joint SentencePiece model. Its ids are the model's, and `<pad>` is the id
    after them.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    make_empty_folder(temporary)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(subwords))
    size = processor.get_piece_size()
    if model.config.vocab_size != size + 1:
        raise ValueError(f"{model.config.vocab_size} embeddings, but {size} pieces and {PAD}")
    vocabulary = {processor.id_to_piece(i): i for i in range(size)} | {PAD: size}
    tokenizer = {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": source,
        "target_lang": target,
        "separate_vocabs": False,
        "unk_token": processor.id_to_piece(processor.unk_id()),
        "eos_token": processor.id_to_piece(processor.eos_id()),
        "pad_token": PAD,
        "model_max_length": model.config.max_position_embeddings,
    }
    # As OPUS-MT models have it: `<pad>` only ever starts a translation.
    model.generation_config.bad_words_ids = [[size]]
    model.generation_config.max_length = model.config.max_position_embeddings
    with writing(folder):
        _save_quietly(model, temporary)
        for name in (SUBWORDS, "target.spm"):
            shutil.copyfile(subwords, temporary / name)
        for name, content in (("vocab.json", vocabulary), ("tokenizer_config.json", tokenizer)):
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            (temporary / name).write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)


def _save_quietly(model: MarianMTModel, folder: Path) -> None:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model.save_pretrained(str(folder))
    finally:
        if shown:
            logging.enable_progress_bar()
