"""Whole texts: split into sentences, translated, and reassembled with their white space."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translators.protection.stretches import Stretches, stretches_within
from translators.protection.translator import translate_protected
from translators.protocol import DecodingOptions, Hypothesis, Translator
from translators.reassembly import Reassembly
from translators.sentences import Joint, split_sentences


@dataclass(frozen=True, slots=True)
class TextTranslation:
    """One text's translations, best first."""

    texts: tuple[str, ...]
    """As many as were requested, without repetitions; the n-th consists of the sentences' n-th."""
    score: float
    """Of the best: average log-probability per token, each sentence weighted by its pieces."""
    flags: tuple[str, ...]
    """What the guards found wrong in any sentence of the best."""


def translate_texts(
    translator: Translator,
    texts: Sequence[str],
    source: str,
    target: str,
    options: DecodingOptions,
    *,
    split: bool = True,
    protected: Sequence[Stretches] = (),
) -> list[TextTranslation]:
    """Translate `texts` of any length from `source` to `target` (BCP 47 tags), in order.

    `translator` decodes with `options`; `split` cuts the texts into sentences first. White space
    between sentences and around the text stays, as the target language writes it. `protected` are
    the stretches of each text that are kept as they are; () is none in any. Raises `UserError` for
    a pair that the translator lacks.
    """
    cuts = [split_sentences(text, source) if split else _whole(text) for text in texts]
    kept = protected or [()] * len(texts)
    segments = [
        (text[a:b], stretches_within(of_text, a, b))
        for text, cut, of_text in zip(texts, cuts, kept, strict=True)
        for a, b in cut
    ]
    translated = translate_protected(
        translator,
        [text for text, _ in segments],
        [of for _, of in segments],
        source,
        target,
        options,
    )
    hypotheses = dict(zip(segments, translated, strict=True))
    joint = Joint(source, target)
    return [
        _reassemble(
            text,
            cut,
            [hypotheses[text[a:b], stretches_within(of_text, a, b)] for a, b in cut],
            options.num_hypotheses,
            joint,
        )
        for text, cut, of_text in zip(texts, cuts, kept, strict=True)
    ]


def _whole(text: str) -> list[tuple[int, int]]:
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    return [(start, end)] if start < end else []


def _reassemble(
    text: str,
    cuts: Sequence[tuple[int, int]],
    hypotheses: Sequence[Hypothesis],
    count: int,
    joint: Joint,
) -> TextTranslation:
    n_best = []
    for rank in range(count):
        reassembly = Reassembly(text, joint)
        for (start, end), hypothesis in zip(cuts, hypotheses, strict=True):
            reassembly.add_hypothesis(start, end, _ranked(hypothesis, rank))
        n_best.append(reassembly.finish())
    translations = tuple(dict.fromkeys(whole.text for whole in n_best))
    return TextTranslation(translations, n_best[0].score, n_best[0].flags)


def _ranked(hypothesis: Hypothesis, rank: int) -> Hypothesis:
    """The hypothesis of this rank in the n-best list, or the last there is."""
    if not rank or not hypothesis.alternatives:
        return hypothesis
    return hypothesis.alternatives[min(rank, len(hypothesis.alternatives)) - 1]
