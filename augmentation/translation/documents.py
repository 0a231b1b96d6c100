"""Whole texts translated: cut into sentences, each distinct one translated once, joined again.

For sets that fit in memory (test sets, predictions); translate-train has its own way by shards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from alignment.protocol import SegmentAlignment
from translators.protocol import DecodingOptions, Hypothesis, Translator
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
) -> list[list[DocumentTranslation]]:
    """The n-best translations of every text (at least one), best first, without repetitions.

    The k-th translation of a text is made of the k-th of each of its sentences; a sentence that
    has fewer gives its last. A text that comes out blank keeps its own words, flagged `empty`.
    """
    cuts = [split(text, source) for text in texts]
    sentences = list(
        dict.fromkeys(t[a:b] for t, cut in zip(texts, cuts, strict=True) for a, b in cut)
    )
    hypotheses = dict(
        zip(sentences, translator.translate(sentences, source, target, options), strict=True)
    )
    out = []
    for text, cut in zip(texts, cuts, strict=True):
        best = [[h, *h.alternatives] for h in (hypotheses[text[a:b]] for a, b in cut)]
        count = max((len(one) for one in best), default=1)
        variants: dict[str, DocumentTranslation] = {}
        for k in range(count):
            chosen = [one[min(k, len(one) - 1)] for one in best]
            whole = _join(text, cut, chosen, source, target)
            variants.setdefault(whole.text, whole)
        out.append(list(variants.values()))
    return out


def _join(
    text: str,
    cuts: Sequence[tuple[int, int]],
    chosen: Sequence[Hypothesis],
    source: str,
    target: str,
) -> DocumentTranslation:
    joint = Joint(source, target)
    out, at = "", 0
    score, pieces = 0.0, 0
    flags: dict[str, None] = {}
    segments = []
    for (start, end), hypothesis in zip(cuts, chosen, strict=True):
        gap = text[at:start]
        out += joint(gap) if out else gap
        segments.append(
            SegmentAlignment(
                tuple((a + start, b + start) for a, b in hypothesis.source_pieces),
                tuple((a + len(out), b + len(out)) for a, b in hypothesis.target_pieces),
                hypothesis.attention,
            )
        )
        out += hypothesis.text
        length = max(1, len(hypothesis.target_pieces))
        score += hypothesis.score * length
        pieces += length
        flags |= dict.fromkeys(hypothesis.flags)
        at = end
    out += text[at:]
    if text.strip() and not out.strip():
        return DocumentTranslation(text, 0.0, (), tuple(flags | {"empty": None}))
    return DocumentTranslation(out, score / max(1, pieces), tuple(segments), tuple(flags))


def transpose(segments: Sequence[SegmentAlignment]) -> tuple[SegmentAlignment, ...]:
    """The segments with source and target exchanged, for projecting back onto the source.

    Attention says which source pieces each target piece looks at. Turned round, a source piece
    gets its share of what looks at it; one that hardly anything looks at stays with little.
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
