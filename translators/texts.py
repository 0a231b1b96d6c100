"""Whole texts: cut into sentences, translated, put together again with their white space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from translators.protocol import DecodingOptions, Hypothesis, Translator
from translators.sentences import Joint, join_sentences, split_sentences


@dataclass(frozen=True, slots=True)
class TextTranslation:
    """One text's translations, best first."""

    texts: tuple[str, ...]
    """As many as were asked for; the n-th is made of every sentence's n-th best."""
    score: float
    """Average over the sentences, weighted by length, of the log-probability per token."""
    flags: tuple[str, ...]
    """What the guards found wrong in any sentence."""


def translate_texts(
    translator: Translator,
    texts: Sequence[str],
    source: str,
    target: str,
    options: DecodingOptions,
    *,
    split: bool = True,
) -> list[TextTranslation]:
    """Translate texts of any length, in order; `split` cuts them into sentences first.

    White space between sentences and around the text stays as it is.
    """
    cuts = [split_sentences(text, source) if split else _whole(text) for text in texts]
    segments = [text[a:b] for text, cut in zip(texts, cuts, strict=True) for a, b in cut]
    found = dict(
        zip(segments, translator.translate(segments, source, target, options), strict=True)
    )
    joint = Joint(source, target)
    return [
        _rejoin(text, cut, [found[text[a:b]] for a, b in cut], options.num_hypotheses, joint)
        for text, cut in zip(texts, cuts, strict=True)
    ]


def _whole(text: str) -> list[tuple[int, int]]:
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return [(start, end)] if start < end else []


def _rejoin(
    text: str,
    cuts: Sequence[tuple[int, int]],
    sentences: Sequence[Hypothesis],
    count: int,
    joint: Joint,
) -> TextTranslation:
    ranks = [
        join_sentences(text, cuts, [_ranked(one, rank).text for one in sentences], joint)[0]
        for rank in range(count)
    ]
    weights = [max(1, end - start) for start, end in cuts]
    total = math.fsum(one.score * weight for one, weight in zip(sentences, weights, strict=True))
    flags = tuple(dict.fromkeys(flag for one in sentences for flag in one.flags))
    return TextTranslation(tuple(dict.fromkeys(ranks)), total / max(1, sum(weights)), flags)


def _ranked(one: Hypothesis, rank: int) -> Hypothesis:
    """The hypothesis of this rank, or the last there is."""
    return (
        one
        if not rank or not one.alternatives
        else one.alternatives[min(rank, len(one.alternatives)) - 1]
    )
