"""`labelferry score`: predictions against gold."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from corpora.choices import AnswerNormalisation, OnError, SignificanceTest, Task
from flows.cli.arguments import (
    SEED,
    Delimiter,
    Encoding,
    LabelSeparator,
    Number,
    Offsets,
    Quoting,
    check_outputs,
    dash_or_file,
    option,
    quoted,
    stream,
)
from flows.cli.messages import print_data, say

if TYPE_CHECKING:
    from corpora.readers import ColumnMapping
    from scoring.files import RejectedRow
    from scoring.report import ScoreReport


_Predictions = Annotated[
    list[Path], stream("What was predicted; several files.", metavar="PREDICTIONS...")
]
_Gold = Annotated[
    list[Path],
    option(
        "What is right; one file for each of PREDICTIONS (--gold=- is standard input).",
        metavar="GOLD...",
        consume_multiple=True,
        converter=dash_or_file,
        negative=(),
    ),
]
_Task = Annotated[Task, option("What was to be predicted.")]
_Json = Annotated[bool, option("Print JSON instead of tables.", negative=())]
_Lang = Annotated[
    str | None,
    option("Language of rows that do not state theirs, a BCP 47 tag.", metavar="TAG"),
]
_Source = Annotated[
    str | None, option("Language that the gaps of the others are measured from.", metavar="TAG")
]
_ById = Annotated[bool, option("Pair by id where the order differs.", negative=())]
_Format = Annotated[str | None, option("Format of PREDICTIONS.", default="by the name")]
_GoldFormat = Annotated[str | None, option("Format of GOLD.", default="by the name")]
_Columns = Annotated[
    str | None,
    option(
        "Which column of GOLD holds what, as in text=sentence,label=topic; of PREDICTIONS too, "
        "where they have such columns.",
        default="the usual names",
        metavar="FIELD=COLUMN,...",
    ),
]
_Scheme = Annotated[str | None, option("Tagging scheme of CoNLL files.", default="by the tags")]
_OnError = Annotated[
    OnError,
    option(
        "What to do about rows that are not right, such as illegal tags: stop, leave bad gold rows "
        "out and count bad predictions as wrong, or repair what can be."
    ),
]
_Rejected = Annotated[
    Path | None,
    option("Where --on-error skip writes bad rows, as JSON lines.", default="none", metavar="FILE"),
]
_Baseline = Annotated[
    list[Path] | None,
    option(
        "Test against these predictions.",
        metavar="PREDICTIONS...",
        consume_multiple=True,
        converter=dash_or_file,
        negative=(),
    ),
]
_Test = Annotated[SignificanceTest, option("Paired test of significance.")]
_Samples = Annotated[int, option("Resamples of the test.", number=Number(1))]
_Seed = Annotated[int, option("Seed of the test; sacreBLEU has SACREBLEU_SEED.", number=SEED)]
_Confidence = Annotated[
    bool, option("Add the 95% bootstrap interval of the first metric.", negative=())
]
_Normalisation = Annotated[
    AnswerNormalisation,
    option("How answers are normalised: as SQuAD does (English articles) or MLQA (by language)."),
]
_Tokenize = Annotated[
    str | None, option("SacreBLEU tokenizer for BLEU.", default="by the language")
]
_Comet = Annotated[
    list[str] | None,
    option(
        "COMET too, by its default model or MODEL; needs its own package.",
        metavar="[MODEL]",
        consume_multiple=(0, 1),
        negative=(),
    ),
]


def score(
    predictions: _Predictions,
    /,
    *,
    gold: _Gold,
    task: _Task,
    json: _Json = False,
    lang: _Lang = None,
    source: _Source = None,
    by_id: _ById = False,
    format: _Format = None,
    gold_format: _GoldFormat = None,
    columns: _Columns = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    quoting: Quoting = None,
    offsets: Offsets = None,
    label_separator: LabelSeparator = None,
    scheme: _Scheme = None,
    on_error: _OnError = "error",
    rejected: _Rejected = None,
    baseline: _Baseline = None,
    test: _Test = "bootstrap",
    samples: _Samples = 1000,
    seed: _Seed = 0,
    confidence: _Confidence = False,
    normalisation: _Normalisation = "squad",
    tokenize: _Tokenize = None,
    comet: _Comet = None,
) -> int:
    """Score predictions against gold. Every score comes with the signature of how it was computed.

    PREDICTIONS are of any format that gold may have, SQuAD's {id: answer} JSON, or lines of text.
    Texts may be left out: `id` and `label`, `spans`, `target`, `prediction` or the like will do.

      classification, pair   accuracy, macro and micro F1, Matthews; for lists of labels
                             micro and macro F1, subset accuracy; for numbers Pearson's and
                             Spearman's correlation, mean squared error
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

    language = None if lang is None else normalise_tag(lang)
    of_text = (quoted(quoting), offsets, label_separator, delimiter, encoding)
    mapping = _columns(columns)
    files = FileOptions(format, gold_format, language, mapping, scheme, on_error, *of_text)
    check_outputs({"--rejected": rejected}, {"PREDICTIONS": predictions[0], "--gold": gold[0]})
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
    _tell_rejected(files.rejected, rejected)
    _print(report, json)
    return 0


def _print(report: ScoreReport, as_json: bool) -> None:
    for warning in report.warnings:
        say(f"labelferry: warning: {warning}", sys.stderr)
    (print_data if as_json else say)(report.as_json() if as_json else str(report))


def _tell_rejected(rows: list[RejectedRow], out: Path | None) -> None:
    """Say how many `rows` were skipped, and write them to `out`, if that is named."""
    from corpora.storage import write_text

    for kind, what in (("gold", "left out"), ("prediction", "counted as wrong")):
        bad = [row for row in rows if row.kind == kind]
        if bad:
            first = f"{bad[0].file}: {bad[0].row.detail}" if kind == "gold" else bad[0].row.detail
            say(f"labelferry: warning: {len(bad)} bad {kind} rows {what}; {first}", sys.stderr)
    if out is not None:
        records = [
            {"file": bad.file, "kind": bad.kind, "id": bad.row.row.id, "reason": bad.row.reason,
             "detail": bad.row.detail, "text": bad.row.row.text}
            for bad in rows
        ]  # fmt: skip
        lines = (json_module.dumps(record, ensure_ascii=False) + "\n" for record in records)
        write_text(out, "".join(lines))


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
