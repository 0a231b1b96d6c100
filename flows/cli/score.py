"""`labelferry score`: predictions against gold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from corpora.choices import AnswerNormalisation, SignificanceTest, Task
from flows.cli.arguments import SEED, Number, Quoting, option, quoted

if TYPE_CHECKING:
    from corpora.readers import ColumnMapping


def score(
    predictions: Annotated[
        list[Path], option("What was predicted; several files.", metavar="PREDICTIONS...")
    ],
    /,
    *,
    gold: Annotated[
        list[Path],
        option(
            "What is right; one file for each of PREDICTIONS.",
            metavar="GOLD...",
            consume_multiple=True,
            negative=(),
        ),
    ],
    task: Annotated[Task, option("What was to be predicted.")],
    json: Annotated[bool, option("Print JSON instead of tables.", negative=())] = False,
    lang: Annotated[
        str | None,
        option("Language of rows that do not state theirs, a BCP 47 tag.", metavar="TAG"),
    ] = None,
    source: Annotated[
        str | None, option("Language that the gaps of the others are measured from.", metavar="TAG")
    ] = None,
    by_id: Annotated[bool, option("Pair by id where the order differs.", negative=())] = False,
    format: Annotated[str | None, option("Format of PREDICTIONS.", default="by the name")] = None,
    gold_format: Annotated[str | None, option("Format of GOLD.", default="by the name")] = None,
    columns: Annotated[
        str | None,
        option(
            "Which column of GOLD holds what, as in text=sentence,label=topic.",
            default="the usual names",
            metavar="FIELD=COLUMN,...",
        ),
    ] = None,
    quoting: Quoting = None,
    scheme: Annotated[
        str | None, option("Tagging scheme of CoNLL files.", default="by the tags")
    ] = None,
    on_error: Annotated[
        Literal["error", "repair"],
        option("What to do about rows that are not right, such as illegal tags."),
    ] = "error",
    baseline: Annotated[
        list[Path] | None,
        option(
            "Test against these predictions.",
            metavar="PREDICTIONS...",
            consume_multiple=True,
            negative=(),
        ),
    ] = None,
    test: Annotated[SignificanceTest, option("Paired test of significance.")] = "bootstrap",
    samples: Annotated[int, option("Resamples of the test.", number=Number(1))] = 1000,
    seed: Annotated[
        int, option("Seed of the test; sacreBLEU has SACREBLEU_SEED.", number=SEED)
    ] = 0,
    confidence: Annotated[
        bool, option("Add the 95% bootstrap interval of the first metric.", negative=())
    ] = False,
    normalisation: Annotated[
        AnswerNormalisation,
        option(
            "How answers are normalised: as SQuAD does (English articles) or MLQA (by language)."
        ),
    ] = "squad",
    tokenize: Annotated[
        str | None, option("SacreBLEU tokenizer for BLEU.", default="by the language")
    ] = None,
    comet: Annotated[
        list[str] | None,
        option(
            "COMET too, by its default model or MODEL; needs its own package.",
            metavar="[MODEL]",
            consume_multiple=(0, 1),
            negative=(),
        ),
    ] = None,
) -> int:
    """Score predictions against gold. Every score comes with the signature of how it was computed.

    PREDICTIONS are JSON lines with `id` and `label`, `spans` or `target` (as translate-test and
    compare write them), SQuAD's {id: answer} JSON, lines of text, or any format that gold may have.

      classification, pair   accuracy, macro and micro F1, Matthews
      tokens                 span F1 (strict IOB2, and exact offsets), exact rows; by label
      qa                     SQuAD's F1 and exact match
      text                   chrF++, chrF, BLEU, TER (and COMET with --comet)
    """
    from corpora.text.languages import normalise_tag
    from scoring.files import FileOptions
    from scoring.report import score as run
    from scoring.significance import SignificanceOptions
    from scoring.task import ScoreOptions
    from scoring.translation import COMET_MODEL

    files = FileOptions(
        format,
        gold_format,
        None if lang is None else normalise_tag(lang),
        _columns(columns),
        scheme,
        on_error,
        quoted(quoting),
    )
    report = run(
        predictions,
        gold,
        task=task,
        by_id=by_id,
        source=source,
        baseline=baseline,
        confidence=confidence,
        comet=None if comet is None else (*comet, COMET_MODEL)[0],
        files=files,
        options=ScoreOptions(normalisation, tokenize),
        significance=SignificanceOptions(test, samples, seed),
    )
    for warning in report.warnings:
        print(f"labelferry: warning: {warning}", file=sys.stderr)
    print(report.as_json() if json else report)
    return 0


def _columns(text: str | None) -> ColumnMapping:
    """The columns that `--columns` names; raises `UserError` for a field that rows do not have."""
    from corpora.errors import UserError
    from corpora.readers import ColumnMapping

    names = ColumnMapping.names()
    columns = {}
    for pair in text.split(",") if text else ():
        name, equals, column = pair.partition("=")
        if not equals or name not in names:
            raise UserError(f"--columns {text}: {pair!r} is not FIELD=COLUMN", choices=names)
        columns[name] = column
    return ColumnMapping(**columns)
