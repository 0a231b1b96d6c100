"""CTranslate2's conversion, with additions for some families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from ctranslate2.converters import Converter
from ctranslate2.converters.transformers import (
    _MODEL_LOADERS,
    BartLoader,
    M2M100Loader,
    MarianMTLoader,
)
from transformers import AutoConfig

from corpora.errors import UserError
from translators.conversion.loading_torch import load_model, load_tokenizer
from translators.model_card import AlignmentHead


class ModelConverter(Converter):  # type: ignore[misc]
    """CTranslate2's conversion of the model in `folder`, with `<pad>` kept where it matters.

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
            if isinstance(loader, MarianMTLoader) and not _pad_is_zero(model, self._folder):
                loader = _MarianKeepingPad()
            elif hasattr(tokenizer, "lang_token_to_id"):
                loader = _M2M100WithLanguages()
            spec = loader(model, tokenizer)
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


def _pad_is_zero(model: Any, folder: Path) -> bool:
    pad = model.config.pad_token_id
    if pad != model.config.vocab_size - 1:
        raise UserError(
            f"<pad> is token {pad}, and not the last of {model.config.vocab_size} as in every "
            "Marian model",
            file=folder / "config.json",
        )
    if model.config.decoder_start_token_id != pad:
        return False
    return not bool(model.model.shared.weight[pad].any())


class _MarianKeepingPad(MarianMTLoader):  # type: ignore[misc]
    """For a Marian model whose `<pad>` embedding, with which decoding starts, is not zero.

    `transformers` 5 does not zero that row in a fresh model; CTranslate2 starts from zero.
    """

    def _remove_pad_weights(self, spec: Any) -> None:
        pass

    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        return list(BartLoader.get_vocabulary(self, model, tokenizer))

    def set_decoder(self, spec: Any, decoder: Any) -> None:
        BartLoader.set_decoder(self, spec, decoder)

    def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
        super().set_config(config, model, tokenizer)
        config.decoder_start_token = tokenizer.convert_ids_to_tokens(
            model.config.decoder_start_token_id
        )


class _M2M100WithLanguages(M2M100Loader):  # type: ignore[misc]
    """For M2M-100, whose tokenizer in `transformers` 5 leaves languages out of its vocabulary."""

    def get_vocabulary(self, model: Any, tokenizer: Any) -> list[str]:
        by_id = {i: token for token, i in tokenizer.get_vocab().items()}
        by_id |= {i: token for token, i in tokenizer.lang_token_to_id.items()}
        return [by_id.get(i, f"madeupword{i}") for i in range(model.config.vocab_size)]
