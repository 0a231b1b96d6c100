"""Greedy decoding by `transformers`, to compare a converted model with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from translators.conversion.converter_torch import unnamed_token
from translators.conversion.loading_torch import load_model, load_tokenizer
from translators.language_tokens import find_prompt
from translators.languages import find_language
from translators.model_card import ModelInfo

_BATCH = 12


@dataclass(frozen=True, slots=True)
class Greedy:
    """What greedy decoding wrote."""

    tokens: list[str]
    margins: list[float]
    """By how much each token was likelier than the next best, in log-probability; one more than
    `tokens` where decoding ended by itself."""


class Reference:
    """Greedy decoding of the model in `folder` by `transformers`, token strings in and out."""

    def __init__(self, folder: Path) -> None:
        transformers.logging.set_verbosity_error()
        self._model = load_model(folder)
        self._tokenizer = load_tokenizer(folder)
        self._names: dict[str, dict[int, str]] = {}
        if getattr(self._tokenizer, "separate_vocabs", False):
            for side, tokens in (
                ("source", self._tokenizer.encoder),
                ("target", self._tokenizer.target_encoder),
            ):
                self._names[side] = {number: token for token, number in tokens.items()}

    def tokenize(self, text: str, info: ModelInfo, source: str, target: str) -> list[str]:
        """The tokens of `text` by the tokenizer of `transformers`, as the convention of the model
        `info` has them for translating from `source` to `target` (BCP 47 tags)."""
        card, family = info.card, info.family
        code = find_language(target, card.targets, card.name)
        prompt = find_prompt(card.prompts, source, target)
        if prompt is not None:
            text = f"{prompt} {text}"
        elif card.language_tokens and hasattr(self._tokenizer, "src_lang"):
            if family.opens_source == "source":
                code = find_language(source, card.sources, card.name)
            self._tokenizer.src_lang = code
        elif card.language_tokens and family.opens_source == "target":
            text = f"{family.language_token(code)} {text}"
        return [self._token(number, "source") for number in self._tokenizer(text)["input_ids"]]

    def greedy(
        self,
        sources: list[list[str]],
        opening: tuple[str, ...],
        start_tokens: int,
        max_length: int,
    ) -> list[Greedy]:
        """What the model writes for each of `sources`, all tokens; at most `max_length` tokens.

        Decoding starts with `opening`, of which the first `start_tokens` are not written.
        """
        return [
            greedy
            for at in range(0, len(sources), _BATCH)
            for greedy in self._batch(sources[at : at + _BATCH], opening, start_tokens, max_length)
        ]

    def _batch(
        self,
        sources: list[list[str]],
        opening: tuple[str, ...],
        start_tokens: int,
        max_length: int,
    ) -> list[Greedy]:
        numbers = [torch.tensor([self._id(token) for token in tokens]) for tokens in sources]
        pad = self._model.config.pad_token_id
        ids = torch.nn.utils.rnn.pad_sequence(numbers, batch_first=True, padding_value=pad)
        lengths = torch.tensor([[len(tokens)] for tokens in sources])
        starts: dict[str, Any] = {"forced_bos_token_id": None}
        if opening:
            key = "decoder_start_token_id" if start_tokens else "forced_bos_token_id"
            starts[key] = self._id(opening[0])
        config = self._model.config
        with torch.no_grad():
            out = self._model.generate(
                ids,
                attention_mask=(torch.arange(ids.shape[1]) < lengths).long(),
                num_beams=1,
                do_sample=False,
                max_new_tokens=max_length,
                max_length=None,
                forced_eos_token_id=None,
                # No Marian model writes <pad>; CTranslate2's have none.
                bad_words_ids=[[config.pad_token_id]] if config.model_type == "marian" else None,
                no_repeat_ngram_size=0,
                repetition_penalty=1.0,
                return_dict_in_generate=True,
                output_scores=True,
                **starts,
            )
        margins = [_margins(scores) for scores in out.scores]
        return [
            self._read(row[1:], [step[index] for step in margins])
            for index, row in enumerate(out.sequences.tolist())
        ]

    def _read(self, written: list[int], margins: list[float]) -> Greedy:
        end = self._model.config.eos_token_id
        size = written.index(end) if end in written else len(written)
        return Greedy(
            [self._token(number, "target") for number in written[:size]], margins[: size + 1]
        )

    def _token(self, number: int, side: str) -> str:
        if side in self._names:
            return self._names[side].get(number, unnamed_token(number))
        try:
            token = self._tokenizer.convert_ids_to_tokens(number)
        except IndexError:  # SentencePiece has no such piece
            token = None
        unknown = self._tokenizer.unk_token
        if token is None or (token == unknown and number != self._tokenizer.unk_token_id):
            return unnamed_token(number)
        return str(token)

    def _id(self, token: str) -> int:
        languages = getattr(self._tokenizer, "lang_token_to_id", {})
        language = languages.get(token)
        return int(self._tokenizer.convert_tokens_to_ids(token) if language is None else language)


def _margins(scores: Any) -> list[float]:
    best = torch.log_softmax(scores.float(), dim=-1).topk(2).values
    return list((best[:, 0] - best[:, 1]).tolist())
