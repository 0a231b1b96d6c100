"""The part of conversion that needs PyTorch at import time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from ctranslate2.converters import Converter
from ctranslate2.converters.transformers import (
    _MODEL_LOADERS,
    BartLoader,
    M2M100Loader,
    MarianMTLoader,
)
from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

from corpora.errors import UserError
from translators.store import AlignmentHead, ModelInfo


def _load_model(folder: Path) -> Any:
    """The model, from safetensors alone, none of its code run."""
    transformers.utils.logging.disable_progress_bar()
    return AutoModelForSeq2SeqLM.from_pretrained(
        str(folder), use_safetensors=True, trust_remote_code=False, dtype=torch.float32
    ).eval()


def _load_tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)


class ModelConverter(Converter):  # type: ignore[misc]
    """CTranslate2's conversion, with the alignment head chosen and `<pad>` looked after."""

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
            model = _load_model(self._folder)
            tokenizer = _load_tokenizer(self._folder)
            if type(config).__name__ == "MBartConfig":
                # CTranslate2 asks for what only older configurations say.
                model.config.normalize_before = getattr(config, "normalize_before", True)
                model.config.tokenizer_class = type(tokenizer).__name__
            if isinstance(loader, MarianMTLoader) and not _pad_is_zero(model, self._folder):
                loader = _MarianKeepingPad()
            elif hasattr(tokenizer, "lang_token_to_id"):
                loader = _M2M100WithLanguages()
            spec = loader(model, tokenizer)
        if spec.config.bos_token is None:  # some tokenizers have none; the format wants one
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


class Reference:
    """Greedy decoding by `transformers`, token strings in and out."""

    def __init__(self, folder: Path) -> None:
        transformers.logging.set_verbosity_error()
        self._model = _load_model(folder)
        self._tokenizer = _load_tokenizer(folder)

    def tokenize(self, text: str, ours: list[str], info: ModelInfo) -> list[str]:
        """The text's tokens by the tokenizer of `transformers`, with language tokens as in `ours`.

        `ours` only says what the language tokens are.
        """
        opens = info.family.opens_source
        if opens == "source" and hasattr(self._tokenizer, "src_lang"):
            code = ours[0]
            self._tokenizer.src_lang = code.strip("_") if code.startswith("__") else code
        elif opens == "target" and info.card.prompts:
            text = f"{next(iter(info.card.prompts.values()))} {text}"
        elif opens == "target" and info.card.language_tokens:
            tag = next(token for token in ours if token != "▁")
            text = f"{tag} {text}"
        ids = self._tokenizer(text)["input_ids"]
        return list(self._tokenizer.convert_ids_to_tokens(ids))

    def greedy(self, tokens: list[str], opening: tuple[str, ...], max_length: int) -> list[str]:
        """The tokens that follow, `opening` first, without the end-of-sentence token."""
        ids = torch.tensor([[self._id(token) for token in tokens]])
        forced = self._id(opening[0]) if opening else None
        with torch.no_grad():
            out = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                num_beams=1,
                do_sample=False,
                max_new_tokens=max_length,
                max_length=None,
                forced_bos_token_id=forced,
                forced_eos_token_id=None,
                bad_words_ids=None,
                no_repeat_ngram_size=0,
                repetition_penalty=1.0,
            )[0].tolist()[1:]
        eos = self._model.config.eos_token_id
        if eos in out:
            out = out[: out.index(eos)]
        return list(self._tokenizer.convert_ids_to_tokens(out))

    def _id(self, token: str) -> int:
        languages = getattr(self._tokenizer, "lang_token_to_id", {})
        found = languages.get(token)
        return int(self._tokenizer.convert_tokens_to_ids(token) if found is None else found)
