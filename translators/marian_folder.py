"""A trained Marian model as the folder that `transformers` reads and `models add` converts."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sentencepiece

from corpora.errors import UserError
from corpora.storage import make_folder, writing
from translators.store import TRAINED_HERE, read_model, resolve

if TYPE_CHECKING:
    from transformers import MarianMTModel

PAD = "<pad>"
WEIGHTS, CONVERTED, SUBWORDS = "model.safetensors", "model.bin", "source.spm"


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """A model that training goes on from: its weights (safetensors, or CTranslate2's model.bin)
    and the joint SentencePiece model that they were trained with."""

    weights: Path
    subwords: Path

    @classmethod
    def find(cls, model: Path) -> StartingPoint:
        """That of a folder that `train-translator` wrote, converted or not, or of a model's name.

        Raises `UserError` where there is no such model or it is of another kind.
        """
        folder = model if model.is_dir() else resolve(str(model)).path
        if (folder / CONVERTED).is_file():
            card = read_model(folder).card
            if card.origin != TRAINED_HERE:
                raise UserError(
                    "training goes on from models that train-translator made, and this is not one",
                    file=folder,
                )
            return cls(folder / CONVERTED, folder / card.source_tokenizer)
        for name in (WEIGHTS, SUBWORDS):
            if not (folder / name).is_file():
                raise UserError(f"no trained model: {name} is not there", file=folder)
        return cls(folder / WEIGHTS, folder / SUBWORDS)


def save_marian(
    model: MarianMTModel, subwords: Path, folder: Path, source: str, target: str
) -> None:
    """Write weights (safetensors), configuration and tokenizer files to `folder`, made anew.

    `subwords` is the joint SentencePiece model. Its ids are the model's, and `<pad>` is the id
    after them.
    """
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    make_folder(temporary)
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
