"""CTranslate2's conversion, with additions for some families."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters import Converter
from ctranslate2.converters.transformers import _MODEL_LOADERS, BartLoader, MarianMTLoader
from transformers import AutoConfig

from corpora.errors import UserError
from translators.conversion.loading_torch import load_model, load_tokenizer
from translators.model_card import AlignmentHead

_NEVER = -3e4
"""The score of a token that must never be written, within the range of float16."""


class ModelConverter(Converter):  # type: ignore[misc]
    """CTranslate2's conversion of the model in `folder`, with every token at its own number.

    `alignment` is the head whose attention it returns; None leaves CTranslate2's choice.
    """

    def __init__(self, folder: Path, alignment: AlignmentHead | None) -> None:
        self._folder = folder
        self._alignment = alignment

    def _load(self) -> Any:
        config = AutoConfig.from_pretrained(str(self._folder), trust_remote_code=False)
        loader = _MODEL_LOADERS.get(type(config).__name__)
        if loader is None:
            raise UserError(
                f"CTranslate2 cannot convert {type(config).__name__}", file=self._folder
            )
        with torch.no_grad():
            model = load_model(self._folder)
            tokenizer = load_tokenizer(self._folder)
            if type(config).__name__ == "MBartConfig":
                # CTranslate2 needs a field that only older configurations have.
                model.config.normalize_before = getattr(config, "normalize_before", True)
                model.config.tokenizer_class = type(tokenizer).__name__
            source, target = _vocabularies(model, tokenizer, self._folder)
            if isinstance(loader, MarianMTLoader):
                if _is_plain_marian(model, self._folder):
                    source, target = source[:-1], target[:-1]
                else:
                    loader = _MarianKeepingPad(target)
            spec = loader.get_model_spec(model)
            loader.set_config(spec.config, model, tokenizer)
            spec.register_source_vocabulary(source)
            spec.register_target_vocabulary(target)
        if spec.config.bos_token is None:  # some tokenizers have none; the format needs one
            spec.config.bos_token = spec.config.eos_token
        if self._alignment is not None:
            layers = len(spec.decoder.layer)
            if not -layers <= self._alignment.layer < layers:
                raise UserError(
                    f"the decoder has {layers} layers, so no layer {self._alignment.layer}"
                )
            spec.decoder.alignment_layer = np.dtype("int16").type(self._alignment.layer)
            spec.decoder.alignment_heads = np.dtype("int16").type(self._alignment.heads)
        return spec


def _vocabularies(model: Any, tokenizer: Any, folder: Path) -> tuple[list[str], list[str]]:
    """The tokens of the source and of the target, each at its number.

    Rows of the embeddings without a token, as where their number was padded to a multiple of 64,
    have a token that gives no text.
    """
    tokens = _by_number(getattr(tokenizer, "encoder", None) or {})
    tokens |= _by_number(tokenizer.get_vocab())
    languages = _by_number(getattr(tokenizer, "lang_token_to_id", {}))
    for number in tokens.keys() & languages.keys():
        if tokens[number] != languages[number]:
            raise UserError(
                f"the added token {tokens[number]!r} has the number ({number}) of the language "
                f"token {languages[number]!r}",
                file=folder,
            )
    tokens |= languages
    source = _in_order(tokens, model.get_input_embeddings())
    if not getattr(tokenizer, "separate_vocabs", False):
        return source, source
    return source, _in_order(_by_number(tokenizer.target_encoder), model.get_output_embeddings())


def _by_number(numbers: Mapping[str, int]) -> dict[int, str]:
    return {number: token for token, number in numbers.items()}


def _in_order(tokens: Mapping[int, str], embeddings: Any) -> list[str]:
    rows = int(embeddings.weight.shape[0])
    return [tokens.get(number, unnamed_token(number)) for number in range(rows)]


def unnamed_token(number: int) -> str:
    """The token of the vocabulary's row `number` where the tokenizer has none; it gives no text."""
    return f"<extra_id_{number}>"


def _is_plain_marian(model: Any, folder: Path) -> bool:
    """Whether a Marian model is as Marian's own are: `<pad>` is the last token of the one
    vocabulary, and its embedding is zero; CTranslate2 drops it and starts from zero."""
    pad, rows = model.config.pad_token_id, model.config.vocab_size
    start = model.config.decoder_start_token_id
    if start != pad:
        raise UserError(
            f"decoding starts with token {start}, and not with <pad> (token {pad}) as in every "
            "Marian model",
            file=folder / "config.json",
        )
    if pad != rows - 1 or not model.config.share_encoder_decoder_embeddings:
        return False
    return not bool(model.model.shared.weight[pad].any())


class _MarianKeepingPad(MarianMTLoader):  # type: ignore[misc]
    """For a Marian model whose `<pad>`, with which decoding starts, has to stay.

    Its embedding is not zero (`transformers` 5 does not zero that row in a fresh model), tokens
    come after it, or source and `target` have vocabularies of their own.
    """

    def __init__(self, target: list[str]) -> None:
        self._target = target

    def get_model_spec(self, model: Any) -> Any:
        spec = super().get_model_spec(model)
        # No model writes it: `transformers` forbids it (`bad_words_ids`).
        bias = model.final_logits_bias.squeeze(0).clone()
        bias[model.config.decoder_start_token_id] = _NEVER
        spec.decoder.projection.bias = bias
        return spec

    def _remove_pad_weights(self, spec: Any) -> None:
        pass

    def set_decoder(self, spec: Any, decoder: Any) -> None:
        BartLoader.set_decoder(self, spec, decoder)

    def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
        super().set_config(config, model, tokenizer)
        config.decoder_start_token = self._target[model.config.decoder_start_token_id]
