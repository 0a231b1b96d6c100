"""Scores of generated text: BLEU, chrF, chrF++ and TER by sacreBLEU (Post, 2018), and COMET."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import sacrebleu
from sacrebleu.significance import PairedTest

from corpora.errors import MissingExtraError, UserError
from corpora.text.languages import is_unspaced, language_subtag
from scoring.measures import Counts, Measure, mean_measure, signature
from scoring.protocol import Score
from scoring.significance import Comparison, Method

TOKENIZERS = ("13a", "intl", "char", "zh", "ja-mecab", "ko-mecab", "none")
_MECAB = {"ja-mecab": ("MeCab", "ja"), "ko-mecab": ("mecab_ko", "ko")}
_BY_LANGUAGE = {"zh": "zh", "yue": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}
COMET_MODEL = "Unbabel/wmt22-comet-da"


def bleu(hypotheses: Sequence[str], references: Sequence[str], lang: str = "und") -> Score:
    """Corpus BLEU (Papineni et al., 2002) of `hypotheses` against `references`, in [0, 100].

    There is one reference per hypothesis. `lang` (BCP 47) of the texts decides on the tokenizer.
    """
    metric = sacrebleu.BLEU(tokenize=choose_tokenizer(lang))
    return _measure("BLEU", metric, hypotheses, references).score()


def chrf(hypotheses: Sequence[str], references: Sequence[str]) -> Score:
    """Corpus chrF2 (Popović, 2015) of `hypotheses` against `references`, in [0, 100].

    There is one reference per hypothesis.
    """
    return _measure("chrF", sacrebleu.CHRF(), hypotheses, references).score()


def choose_tokenizer(lang: str, tokenize: str | None = None) -> str:
    """sacreBLEU's tokenizer for BLEU in `lang` (BCP 47), or the one that `tokenize` names.

    Chinese, Japanese and Korean have their own; other languages written without spaces go by
    characters. Raises `UserError` for a tokenizer that does not exist, `MissingExtraError` for one
    that is not installed: another in its place would give another score.
    """
    usual = "char" if is_unspaced(lang) else "13a"
    chosen = tokenize or _BY_LANGUAGE.get(language_subtag(lang), usual)
    if chosen not in TOKENIZERS:
        raise UserError(f"no tokenizer {chosen!r}", choices=TOKENIZERS)
    if chosen in _MECAB:
        module, extra = _MECAB[chosen]
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(f"BLEU by {chosen} (or use the tokenizer 'char')", extra)
    return chosen


def translation_metrics(lang: str, tokenize: str | None = None) -> dict[str, Any]:
    """sacreBLEU's metrics by name, set up for texts in `lang` (BCP 47); chrF++ comes first.

    BLEU uses the tokenizer that `tokenize` names, or the language's (see `choose_tokenizer`). TER
    (Snover et al., 2006) cuts Chinese, Japanese and Korean into characters, as TERCOM's
    option for Asian languages does.
    """
    asian = language_subtag(lang) in _BY_LANGUAGE
    return {
        "chrF++": sacrebleu.CHRF(word_order=2),
        "chrF": sacrebleu.CHRF(),
        "BLEU": sacrebleu.BLEU(tokenize=choose_tokenizer(lang, tokenize)),
        "TER": sacrebleu.TER(normalized=asian, asian_support=asian),
    }


def translation_measures(
    hypotheses: Sequence[str], references: Sequence[str], lang: str, tokenize: str | None = None
) -> list[Measure]:
    """chrF++, chrF, BLEU and TER of `hypotheses` against `references`; for TER, less is better.

    All texts are in `lang` (BCP 47); `tokenize` is as in `translation_metrics`.
    Raises `ValueError` for unequal numbers (sacreBLEU truncates the longer list silently).
    """
    return [
        _measure(name, metric, hypotheses, references)
        for name, metric in translation_metrics(lang, tokenize).items()
    ]


def _measure(
    name: str, metric: Any, hypotheses: Sequence[str], references: Sequence[str]
) -> Measure:
    if len(hypotheses) != len(references):
        raise ValueError(f"{len(hypotheses)} hypotheses, but {len(references)} references")
    if not hypotheses:
        raise ValueError("nothing to score")
    # What sacreBLEU's own significance tests are made of: counts per segment, and a value of sums.
    counts = metric._extract_corpus_statistics(list(hypotheses), [list(references)])
    text = f"metric:{name}|{metric.get_signature()}"
    return Measure(name, text, np.asarray(counts, dtype=np.float64), _value_of(metric))


def _value_of(metric: Any) -> Callable[[Counts], Counts]:
    def value_of_row(sums: Counts) -> float:
        # BLEU's counts are whole numbers, and it formats them as such.
        exact = [int(v) if v.is_integer() else float(v) for v in sums]
        return float(metric._compute_score_from_stats(exact).score)

    def value(sums: Counts) -> Counts:
        flat = sums.reshape(-1, sums.shape[-1])
        return np.array([value_of_row(row) for row in flat]).reshape(sums.shape[:-1])

    return value


def compare_translations(
    baseline: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    lang: str,
    *,
    method: Method = "bootstrap",
    samples: int = 1000,
    tokenize: str | None = None,
) -> list[Comparison]:
    """sacreBLEU's own paired tests of `hypotheses` against `baseline`, one for each metric.

    Both are translations with the same `references`, in `lang` (BCP 47); `tokenize` is as in
    `translation_metrics`. The `method` is paired bootstrap resampling (Koehn, 2004) or approximate
    randomization (Riezler and Maxwell, 2005), with `samples` resamples; its seed is in the
    environment variable SACREBLEU_SEED (12345 where that is not set).
    Raises `ValueError` for unequal numbers.
    """
    if not len(baseline) == len(hypotheses) == len(references):
        raise ValueError(
            f"{len(baseline)} and {len(hypotheses)} hypotheses, {len(references)} references"
        )
    metrics = translation_metrics(lang, tokenize)
    test = PairedTest(
        [("baseline", list(baseline)), ("system", list(hypotheses))],
        metrics,
        [list(references)],
        test_type="bs" if method == "bootstrap" else "ar",
        n_samples=samples,
    )
    signatures, results = test()
    # sacreBLEU has other names for them, such as `chrF2++`.
    return [
        Comparison(
            name,
            float(results[sacrebleu_name][0].score),
            float(results[sacrebleu_name][1].score),
            float(results[sacrebleu_name][1].p_value),
            None,
            f"metric:{name}|{text}",
        )
        for name, (sacrebleu_name, text) in zip(metrics, signatures.items(), strict=True)
    ]


def comet_measure(
    sources: Sequence[str],
    hypotheses: Sequence[str],
    references: Sequence[str],
    model: str = COMET_MODEL,
    *,
    device: Literal["cpu", "cuda"] = "cpu",
) -> Measure:
    """COMET (Rei et al., 2020) by its own package, which labelferry does not install.

    It scores `hypotheses`, translations of `sources`, against `references`, on the `device`.
    `model` is the name of a COMET model or the path of a checkpoint; checkpoints are pickles, so
    only use one from a source that you would run a program from. Raises `UserError` where the
    package is missing, `ValueError` for unequal numbers.
    """
    if not len(sources) == len(hypotheses) == len(references):
        raise ValueError(
            f"{len(sources)} sources, {len(hypotheses)} hypotheses, {len(references)} references"
        )
    if importlib.util.find_spec("comet") is None:
        raise UserError("COMET needs its own package: run `pip install unbabel-comet`")
    import comet

    path = model if model.endswith(".ckpt") else comet.download_model(model)
    loaded = comet.load_from_checkpoint(path)
    data = [
        {"src": source, "mt": hypothesis, "ref": reference}
        for source, hypothesis, reference in zip(sources, hypotheses, references, strict=True)
    ]
    output = loaded.predict(data, batch_size=8, gpus=int(device == "cuda"))
    return mean_measure("COMET", list(output.scores), signature("comet", model=model))
