"""The tokens that a model expects around the pieces of a text, for one pair of languages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from corpora.errors import UserError
from corpora.text.languages import same_language
from translators.languages import find_language
from translators.model_card import ModelInfo


@dataclass(frozen=True, slots=True)
class LanguageTokens:
    """The tokens around the pieces for one pair of languages."""

    prefix: tuple[str, ...]
    """Before the source's pieces."""
    suffix: tuple[str, ...]
    """After the source's pieces."""
    target_prefix: tuple[str, ...]
    """What decoding is forced to start with; removed from the output."""
    start_tokens: int = 0
    """How many tokens of `target_prefix` are not written, because the model starts with them."""

    @property
    def written_prefix(self) -> int:
        """How many tokens of `target_prefix` the output begins with."""
        return len(self.target_prefix) - self.start_tokens

    def wrap(self, pieces: list[str]) -> list[str]:
        """The tokens of a source whose pieces are `pieces`."""
        return [*self.prefix, *pieces, *self.suffix]


def language_tokens(
    info: ModelInfo,
    source: str,
    target: str,
    vocabulary: Collection[str],
    prompt_prefix: Callable[[str], tuple[str, ...]],
) -> LanguageTokens:
    """The tokens with which the model `info` translates from `source` to `target` (BCP 47 tags).

    `vocabulary` holds the model's tokens. `prompt_prefix` gives the tokens of a prompt that is put
    before a source (see `PieceCodec.prefix`). Raises `UserError` for a language or a pair that the
    model does not have, and where its vocabulary lacks a language token.
    """
    card, family = info.card, info.family
    codes = {
        "source": find_language(source, card.sources, card.name),
        "target": find_language(target, card.targets, card.name),
    }
    if not info.supports(source, target):
        raise UserError(
            f"the model {card.name} does not translate from {source} to {target}",
            choices=(f"{s} to {t}" for s, t in card.pairs or ()),
        )
    prompt = find_prompt(card.prompts, source, target)
    if prompt is not None:
        return LanguageTokens(prompt_prefix(prompt), family.source_end, ())
    if not card.language_tokens:
        return LanguageTokens((), family.source_end, card.opening)
    prefix: tuple[str, ...] = ()
    if family.opens_source is not None:
        prefix = (family.language_token(codes[family.opens_source]),)
    opening = (family.language_token(codes["target"]),) if family.opens_target else ()
    opening = (*card.opening, *opening)
    suffix = family.source_end
    if family.closes_source:
        prefix, suffix = (), (*suffix, *prefix)
    missing = [token for token in (*prefix, *suffix, *opening) if token not in vocabulary]
    if missing:
        raise UserError(
            f"the model's vocabulary lacks the language token {missing[0]!r}", file=info.path
        )
    return LanguageTokens(prefix, suffix, opening, int(family.closes_source))


def find_prompt(prompts: dict[str, str], source: str, target: str) -> str | None:
    """The one of a card's `prompts` that goes before a text to be translated from `source` to
    `target` (BCP 47 tags); None where there is none."""
    for pair, prompt in prompts.items():
        prompt_source, _, prompt_target = pair.partition(">")
        if same_language(prompt_source, source) and same_language(prompt_target, target):
            return prompt
    return None
