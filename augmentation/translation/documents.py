"""Whole texts translated: split into sentences, each unique one translated once, and reassembled.

For data that fits in memory (test sets, predictions); translate-train works shard by shard.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alignment.protocol import SegmentAlignment
from translators.protection.stretches import Stretches, stretches_within
from translators.protection.translator import translate_protected
from translators.protocol import DecodingOptions, Hypothesis, Translator
from translators.reassembly import Reassembly
from translators.sentences import Joint

Split = Callable[[str, str], Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class DocumentTranslation:
    """One translation of a whole text; `score` is the average log-probability per token."""

    text: str
    score: float
    segments: tuple[SegmentAlignment, ...]
    flags: tuple[str, ...]


def translate_documents(
    texts: Sequence[str],
    source: str,
    target: str,
    translator: Translator,
    options: DecodingOptions,
    split: Split,
    protected: Sequence[Stretches] = (),
) -> list[list[DocumentTranslation]]:
    """The n-best translations of each of `texts` (at least one), best first, without repetitions.

    `translator` translates the sentences that `split` finds from `source` to `target` as `options`
    say; `options.num_hypotheses` is how many translations there are at most. The k-th translation
    of a text is made of the k-th of each of its sentences; a sentence that has fewer gives its
    last. A text whose translation is blank keeps the source text, flagged `empty`. `protected` are
    the stretches of each text that are kept as they are; () is none in any.
    """
    cuts = [split(text, source) for text in texts]
    kept = protected or [()] * len(texts)
    sentences = [
        [(text[a:b], stretches_within(of_text, a, b)) for a, b in cut]
        for text, cut, of_text in zip(texts, cuts, kept, strict=True)
    ]
    unique = list(dict.fromkeys(sentence for of_text in sentences for sentence in of_text))
    translated = translate_protected(
        translator, [text for text, _ in unique], [of for _, of in unique], source, target, options
    )
    hypotheses = dict(zip(unique, translated, strict=True))
    joint = Joint(source, target)
    documents = []
    for text, cut, of_text in zip(texts, cuts, sentences, strict=True):
        n_best = [[h, *h.alternatives] for h in map(hypotheses.__getitem__, of_text)]
        variants: dict[str, DocumentTranslation] = {}
        for rank in range(max(map(len, n_best), default=1)):
            chosen = [ranked[min(rank, len(ranked) - 1)] for ranked in n_best]
            document = _reassemble(text, cut, chosen, joint)
            variants.setdefault(document.text, document)
        documents.append(list(variants.values()))
    return documents


def _reassemble(
    text: str,
    cuts: Sequence[tuple[int, int]],
    chosen: Sequence[Hypothesis],
    joint: Joint,
) -> DocumentTranslation:
    reassembly = Reassembly(text, joint)
    segments = []
    for (start, end), hypothesis in zip(cuts, chosen, strict=True):
        offset = reassembly.add_hypothesis(start, end, hypothesis)
        segments.append(
            SegmentAlignment(
                tuple((a + start, b + start) for a, b in hypothesis.source_pieces),
                tuple((a + offset, b + offset) for a, b in hypothesis.target_pieces),
                hypothesis.attention,
            )
        )
    whole = reassembly.finish()
    if whole.is_lost:
        return DocumentTranslation(text, 0.0, (), whole.flags)
    return DocumentTranslation(whole.text, whole.score, tuple(segments), whole.flags)


def transpose(segments: Sequence[SegmentAlignment]) -> tuple[SegmentAlignment, ...]:
    """`segments` with source and target exchanged, for projecting back onto the source.

    Attention has a row for each target piece, over the source pieces. In the transpose, a source
    piece gets its share of the pieces that attend to it; one with little attention keeps little.
    """
    return tuple(
        SegmentAlignment(
            segment.target_pieces,
            segment.source_pieces,
            None
            if segment.attention is None
            else (
                segment.attention / np.maximum(1.0, segment.attention.sum(axis=0, keepdims=True))
            ).T.astype(np.float32),
        )
        for segment in segments
    )
