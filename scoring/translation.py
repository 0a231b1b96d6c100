"""How good translations are: BLEU and chrF by sacreBLEU (Post, 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import sacrebleu

from scoring.protocol import Score


def bleu(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus BLEU (Papineni et al., 2002), one reference a hypothesis, in [0, 100]."""
    return _score("BLEU", sacrebleu.BLEU(), hypotheses, references)


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus chrF2 (Popović, 2015), one reference a hypothesis, in [0, 100]."""
    return _score("chrF", sacrebleu.CHRF(), hypotheses, references)


def _score(
    name: str,
    metric: sacrebleu.BLEU | sacrebleu.CHRF,
    hypotheses: Sequence[str],
    references: Sequence[str],
) -> Score:
    # sacreBLEU cuts the longer list off without a word.
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses, but {len(references)} references")
    if not hypotheses:
        raise ValueError("nothing to score")
    value = metric.corpus_score(list(hypotheses), [list(references)]).score
    return Score(name, float(value), str(metric.get_signature()))
