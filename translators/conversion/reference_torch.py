"""Greedy decoding by `transformers`, to compare a converted model with."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers

from translators.conversion.loading_torch import load_model, load_tokenizer
from translators.model_card import ModelInfo


class Reference:
    """Greedy decoding of the model in `folder` by `transformers`, token strings in and out."""

    def __init__(self, folder: Path) -> None:
        transformers.logging.set_verbosity_error()
        self._model = load_model(folder)
        self._tokenizer = load_tokenizer(folder)

    def tokenize(self, text: str, ours: list[str], info: ModelInfo) -> list[str]:
        """The tokens of `text` by the tokenizer of `transformers`.

        `ours`, our tokens for it, only gives the language tokens; `info` says where they are.
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
        """The tokens written for the source `tokens`, `opening` first, without the end-of-sentence
        token; at most `max_length`."""
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
        language = languages.get(token)
        return int(self._tokenizer.convert_tokens_to_ids(token) if language is None else language)
